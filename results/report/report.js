/* report.js - the capacity calculator of the report's page.
 *
 * For other settings than those of the command line that made the page, it
 * computes what `harness plan` would say (model.js) and fills the decision table
 * anew.  All texts from the data are set as text, never as markup.  Settings are
 * kept in the page's fragment under the names of plan's options, so that a link
 * carries them: #memory=8G&max-requests=5000
 */
"use strict";

const byId = (id) => document.getElementById(id);

function element(name, className, text)
{
	const e = document.createElement(name);

	e.className = className;
	e.textContent = text;
	return e;
}

/* Sets a cell of the decision table, keeping its bar. */
function setCell(row, name, value, text)
{
	const cell = row.querySelector("td." + name);

	cell.querySelector("span").textContent = text;
	if (Number.isFinite(value))
		cell.dataset.value = value;
	else
		delete cell.dataset.value;
}

function share(e, part, all)
{
	e.style.setProperty("--share", all > 0 ? 100 * part / all + "%" : "0%");
}

function pythonName(p)
{
	return p.tag.replace(/^cp/, "CPython ").replace(/^pp/, "PyPy ");
}

/* What the numbers alone do not say. */
function showNotes(cell, r)
{
	cell.textContent = [r.recommended ? "recommended" : r.reason,
		r.extrapolated && "extrapolated", ...notes(r),
	].filter(Boolean).join("; ");
	cell.classList.toggle("chosen", r.recommended);
}

function showRow(row, result, most)
{
	for (const [name, key, text] of [
		["workers", "workers", plain], ["total", "total_kib", memory],
		["private", "worker_private_kib", memory],
		["lasts", "requests_to_limit", plain]])
		setCell(row, name, result[key], text(result[key]));
	share(row.querySelector("td.workers i"), result.workers, most);
	showNotes(row.querySelector("td.notes"), result);
	row.classList.toggle("best", result.recommended);
	row.classList.toggle("misses", result.misses);
}

/* One bar of a card. */
function meter(result, most, best)
{
	const bar = element("span", best ? "meter best" : "meter", "");

	bar.append(element("i", "", ""), element("b", "",
		plain(result.workers) + (best ? " workers" : " with none") +
		(result.misses ? ", pauses too long" : "")));
	share(bar, result.workers, most);
	return bar;
}

function longestPause(p)
{
	return known(p.gc_pause_max_us) ?
		"longest pause " + pause(p.gc_pause_max_us) :
		p.notes.some((note) => note.startsWith("no collection ran")) ?
			"no collection ran" : "pauses not measured";
}

/* What is best for one block, next to doing nothing. */
function card(group, first)
{
	const best = group.find((r) => r.recommended);
	const none = group.find((r) => r.plan.strategy === "none");
	const p = group[0].plan;
	const box = element("article", "card", "");
	const most = Math.max(...group.map((r) => r.workers));

	box.append(element("h3", "", pythonName(p) + " · " + p.workload));
	if (!best) {
		box.append(element("p", "", "nothing fits within these limits"));
		return box;
	}
	box.classList.toggle("first", best === first);
	const name = element("p", "strategy", "");
	name.append(...best.plan.strategy.split(/(?<=[+:])/).flatMap((part) =>
		[part, document.createElement("wbr")]));
	box.append(name);
	box.append(element("p", "", memory(best.total_kib) + " in all, " +
		longestPause(best.plan)));
	for (const r of none && none !== best ? [best, none] : [best])
		box.append(meter(r, most, r === best));
	return box;
}

const rows = Array.from(document.querySelectorAll("#plans tr[data-plan]"));
const groups = new Map();	/* heading row → indices of its plans */
for (const row of rows) {
	const body = row.parentElement;

	groups.set(body, (groups.get(body) || []).concat(Number(row.dataset.plan)));
}

function showTable(results)
{
	for (const [body, indices] of groups) {
		const shown = indices.filter((i) => results[i]);
		const most = Math.max(...shown.map((i) => results[i].workers));

		body.hidden = shown.length === 0;
		for (const row of body.querySelectorAll("tr[data-plan]"))
			if (results[row.dataset.plan])
				showRow(row, results[row.dataset.plan], most);
	}
}

function showCards(results, first)
{
	const lists = Array.from(groups.values(), (indices) =>
		indices.map((i) => results[i]).filter(Boolean));

	byId("cards").replaceChildren(
		...lists.filter((list) => list.length).map((list) =>
			card(list, first)));
}

/* The settings, without those that plan has by itself: [name, text] each. */
function settings()
{
	return Object.keys(fields).map((name) =>
		[name, form.elements[name].value.trim()]).filter(([name, text]) =>
		text !== "" && (name !== "reserve" || text !== RESERVE));
}

const quoted = (text) => /^[\w.,:+%\/-]+$/.test(text) ? text :
	"'" + text.replace(/'/g, "'\\''") + "'";

/* The command for these settings, and what else the page's command line said. */
function showCommand()
{
	const { program, ...origin } = JSON.parse(byId("origin").textContent);
	const words = Object.entries({ ...origin,
		...Object.fromEntries(settings()) });

	byId("command").querySelector("code").textContent = [program, "plan",
		...words.map(([name, text]) => "--" + name + "=" + quoted(text)),
	].join(" ");
}

function showAnswer(shown, first, kib)
{
	if (!first) {
		const newest = newestOf(shown);
		const what = newest ? newest.plan.workload : "these";

		byId("title").textContent =
			"Nothing to recommend for " + what + " in " + size(kib);
		byId("answer").textContent = "Nothing can be recommended for " +
			what + " within these limits; the table says why.";
		return;
	}
	const none = shown.find((r) => r.plan.block === first.plan.block &&
		r.plan.strategy === "none");
	const without = none && none.known && none.workers !== first.workers ?
		" instead of " + none.workers : "";

	byId("title").textContent =
		first.workers + " workers" + without + " in " + size(kib);
	byId("answer").textContent = first.plan.strategy + " on " +
		pythonName(first.plan) + ", " + first.plan.workload + ": " +
		first.workers + " workers (" + first.reason + ").";
}

/* The lines to paste were made for the command line's settings. */
function showDeployNote(first)
{
	const note = byId("deploy-note"), made = plan.recommended;

	if (!note)
		return;
	note.hidden = first && plan.plans[made.plan] === first.plan &&
		made.workers === first.workers &&
		form.elements["max-requests"].value === initial["max-requests"];
	note.textContent = "The calculator has moved on: these lines are still for " +
		made.workers + " workers with " + made.strategy +
		". The command line under it prints those for its settings.";
}

/* Whether the page shows what its command line asked for. */
const untouched = () => Object.keys(fields).every((name) =>
	form.elements[name].value.trim() === initial[name]);

function showSliders()
{
	for (const slider of form.querySelectorAll("input[type=range]")) {
		const name = slider.dataset.for, field = fields[name];
		const value = read(name);
		const distance = (text) => value === null || text === "" ?
			(value === null && text === "" ? 0 : Infinity) :
			Math.abs(Math.log(field.parse(text) / value));
		const near = field.steps.map(distance);

		if (!Number.isNaN(value))
			slider.value = near.indexOf(Math.min(...near));
		slider.setAttribute("aria-valuetext",
			form.elements[name].value || "not set");
	}
}

/* Reads the form and shows what follows from it. */
function update()
{
	const values = {};
	let problem = "";

	for (const name of Object.keys(fields)) {
		values[name] = read(name);
		const wrong = Number.isNaN(values[name]);

		form.elements[name].setAttribute("aria-invalid", wrong);
		if (wrong && !problem)
			problem = fields[name].problem;
	}
	byId("problem").textContent = problem;
	byId("problem").hidden = !problem;
	for (const id of ["answer", "cards", "plans"])
		byId(id).classList.toggle("stale", problem !== "");
	showSliders();
	if (problem)
		return;
	const kib = Math.floor(values.memory / 1024);
	const limits = {
		limit: kib * (1 - values.reserve / 100),
		spare: kib * values.reserve / 100,
		workers: values.workers,
		age: values["max-requests"],
		pause: values["pause-p99"],
	};
	const results = plan.plans.map((p) =>
		(values.python && p.tag !== values.python) ||
		(values.workload && p.workload !== values.workload) ? null :
		evaluate(p, limits));

	const shown = results.filter((r) => r);
	const first = decide(shown, limits);
	showTable(results);
	showCards(results, first);
	showAnswer(shown, first, kib);
	showCommand();
	showDeployNote(first);
	byId("plans").classList.toggle("moved", !untouched());
}

/* Fills the form from the page's fragment: what that does not name is as on a
 * command line without it.  A fragment of another kind stands for what made the
 * page. */
function fromFragment()
{
	const given = new URLSearchParams(location.hash.slice(1));
	const usual = { "memory": initial.memory, "reserve": RESERVE };

	for (const name of Object.keys(fields))
		form.elements[name].value = !location.hash.includes("=") ?
			initial[name] : given.has(name) ? given.get(name) :
			usual[name] || "";
	update();
}

function toFragment()
{
	history.replaceState(null, "", untouched() ? "#calculator" :
		"#" + settings().map(([name, text]) =>
			name + "=" + encodeURIComponent(text)).join("&"));
}

for (const slider of form.querySelectorAll("input[type=range]")) {
	slider.min = 0;
	slider.max = fields[slider.dataset.for].steps.length - 1;
	slider.addEventListener("input", () => {
		form.elements[slider.dataset.for].value =
			fields[slider.dataset.for].steps[slider.value];
	});
}
form.addEventListener("input", () => { update(); toFragment(); });
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", (event) => {
	event.preventDefault();
	history.replaceState(null, "", "#calculator");
	fromFragment();
});
addEventListener("hashchange", () => {
	if (location.hash.includes("="))
		fromFragment();
});

/* ---- raw data */

for (const button of document.querySelectorAll("button[data-of]"))
	button.addEventListener("click", () => {
		const text = byId(button.dataset.of).textContent;
		const csv = button.dataset.file.endsWith(".csv");
		const blob = new Blob([csv ? JSON.parse(text) : text],
			{ type: csv ? "text/csv" : "application/json" });
		const link = element("a", "", "");

		link.href = URL.createObjectURL(blob);
		link.download = button.dataset.file;
		link.click();
		setTimeout(() => URL.revokeObjectURL(link.href), 10000);
	});

for (const id of ["settings", "cards", "command"])
	byId(id).hidden = false;
fromFragment();
