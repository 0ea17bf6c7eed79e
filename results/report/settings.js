/* settings.js - the calculator's fields: texts as on plan's command line.
 *
 * What they may hold is what harness/capacityoptions.c takes; the page's fragment
 * and its command line are made of the same texts.
 */
"use strict";

const form = document.getElementById("settings");

/* Bytes of "16G", as parse_size() of harness/util.c; NaN: none. */
function parseSize(text)
{
	const m = /^(\d+)([KMGT]?)$/i.exec(text);

	return m ? m[1] * 1024 ** " KMGT".indexOf(m[2].toUpperCase() || " ") : NaN;
}

function parseWhole(text)
{
	return /^\d+$/.test(text) ? Number(text) : NaN;
}

/* Microseconds of "50ms". */
function parsePause(text)
{
	const m = /^(\d+\.?\d*)(us|ms|s)$/.exec(text);

	return m ? m[1] * { us: 1, ms: 1e3, s: 1e6 }[m[2]] : NaN;
}

function parsePercent(text)
{
	const m = /^(\d+\.?\d*)%?$/.exec(text);

	return m ? Number(m[1]) : NaN;
}

/* Steps of the sliders: 1, 2, 5 of each power of ten, or halves between powers
 * of two. */
function decades(from, to, text)
{
	const steps = [""];

	for (let ten = 1; ten <= to; ten *= 10)
		for (const n of [1, 2, 5])
			if (n * ten >= from && n * ten <= to)
				steps.push(text(n * ten));
	return steps;
}

const sizes = [];
for (let m = 64; m <= 1 << 20; m *= 2)
	for (const n of [m, m * 1.5])
		sizes.push(n % 1024 ? n + "M" : n / 1024 + "G");

const fields = {
	"memory": { parse: parseSize, low: 1024, high: 2 ** 50, steps: sizes,
		problem: "Memory is a size such as 512M or 16G." },
	"workers": { parse: parseWhole, low: 1, high: MAX_WORKERS, optional: true,
		steps: decades(1, 1000, String),
		problem: "Workers is a whole number from 1 on, or empty." },
	"max-requests": { parse: parseWhole, low: 1, high: 2147483647,
		optional: true, steps: decades(10, 10000000, String),
		problem: "Requests is a whole number from 1 on, or empty." },
	"pause-p99": { parse: parsePause, low: 1e-9, high: 1e15, optional: true,
		steps: decades(10, 1e7, timeText),
		problem: "The pause is a time such as 800us or 50ms, or empty." },
	"reserve": { parse: parsePercent, low: 0, high: 90,
		problem: "The reserve is a percentage from 0 to 90." },
	"python": { choice: true },
	"workload": { choice: true },
};

/* The number a field holds, null when it is empty and may be. */
function read(name)
{
	const field = fields[name], text = form.elements[name].value.trim();

	if (field.choice)
		return text;
	if (text === "" && field.optional)
		return null;
	const value = field.parse(text);
	return value >= field.low && value <= field.high ? value : NaN;
}

/* What the command line that made the page said, as texts of the fields. */
function sizeText(kib)
{
	for (const [unit, size] of [["T", 2 ** 30], ["G", 2 ** 20], ["M", 1024]])
		if (kib % size === 0)
			return kib / size + unit;
	return kib + "K";
}

function timeText(us)
{
	return us % 1e6 === 0 ? us / 1e6 + "s" :
		us % 1e3 === 0 ? us / 1e3 + "ms" : us + "us";
}

const optional = (value) => value === null ? "" : String(value);
const RESERVE = "10";	/* what plan reserves unless told */
const initial = {
	"memory": sizeText(plan.memory_kib),
	"workers": optional(plan.workers),
	"max-requests": optional(plan.max_requests),
	"pause-p99": plan.pause_p99_us === null ? "" : timeText(plan.pause_p99_us),
	"reserve": String(plan.reserve_percent),
	"python": "",
	"workload": "",
};
