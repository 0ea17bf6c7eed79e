/* model.js - the model of `harness plan`, in the report's page.
 *
 * The arithmetic is that of harness/capacity.c and harness/capacityplan.c,
 * expression by expression, so that both give the same numbers; the texts are
 * those of harness/htmldecision.c.  tests/cli/report.sh compares them.  Of the
 * page, nothing here knows more than the document of `plan --format=json`.
 */
"use strict";

const plan = JSON.parse(document.getElementById("plan").textContent);

/* ---- the model: harness/capacity.c */

const REACH = 4, MAX_WORKERS = 1e9;

/* Shared and private KiB at an age; NaN when that is beyond what is known. */
function at(model, age)
{
	const points = model.curve;
	const [end, shared, own] = points[points.length - 1];
	const slope = model.slope_kib_per_request;

	if (age > end)
		return slope === null ? { shared: NaN, own: NaN } :
			{ shared: shared, own: own + slope * (age - end) };
	if (age <= points[0][0])
		return { shared: points[0][1], own: points[0][2] };
	const i = points.findIndex((p) => age <= p[0]);
	const a = points[i - 1], b = points[i];
	const t = (age - a[0]) / (b[0] - a[0]);
	return { shared: a[1] + t * (b[1] - a[1]), own: a[2] + t * (b[2] - a[2]) };
}

const total = (point, workers) => point.shared + workers * point.own;

function fit(point, limit)
{
	return point.own > 0 ? (limit - point.shared) / point.own : NaN;
}

/* The age up to `age` at which the fewest workers fit: how many, not rounded; NaN
 * when that is not known for all of them. */
function tightest(model, age, limit)
{
	let worst = fit(at(model, age), limit);

	for (const [requests, shared, own] of model.curve) {
		const here = fit({ shared: shared, own: own }, limit);

		if (requests < age && (Number.isNaN(here) || here < worst))
			worst = here;
	}
	return worst;
}

/* Whether so many workers occupy more at some time before that age. */
function peaksBefore(model, age, workers)
{
	const end = total(at(model, age), workers);

	return model.curve.some(([requests, shared, own]) => requests < age &&
		total({ shared: shared, own: own }, workers) > end);
}

function whole(number)
{
	if (!(number >= 1))
		return 0;
	return number >= MAX_WORKERS ? MAX_WORKERS :
		Math.floor(number + 1e-9 * number);
}

/* The age at which the limit is reached; Infinity: never; NaN: not known. */
function ageAtLimit(model, workers, limit)
{
	const points = model.curve;
	const slope = model.slope_kib_per_request;
	let before = 0;

	for (let i = 0; i < points.length; i++) {
		const [age, shared, own] = points[i];
		const now = total({ shared: shared, own: own }, workers);

		if (now > limit && i === 0)
			return 0;
		if (now > limit)
			return points[i - 1][0] + (limit - before) /
				(now - before) * (age - points[i - 1][0]);
		before = now;
	}
	if (slope === null)
		return NaN;
	const growth = workers * slope;
	return growth <= 0 ? Infinity :
		points[points.length - 1][0] + (limit - before) / growth;
}

/* ---- one plan under other settings: harness/capacityplan.c */

function extrapolates(p, workers, age)
{
	return age > p.model.curve[p.model.curve.length - 1][0] ||
		workers > REACH * Math.max(...p.workers_measured);
}

/* What settings change of `p`; null and NaN stand for what is not known. */
function evaluate(p, s)
{
	const points = p.model.curve;
	const age = s.age === null ? points[points.length - 1][0] : s.age;
	const point = at(p.model, age);
	const number = tightest(p.model, age, s.limit);
	const known = !Number.isNaN(number);
	const fits = whole(number);
	const workers = s.workers === null ? fits : s.workers;

	return {
		plan: p,
		age: age,
		known: known,
		point: point,
		fits: fits,
		workers: known ? workers : null,
		total_kib: total(point, workers),
		worker_private_kib: point.own,
		requests_to_limit: workers > 0 ?
			Math.trunc(ageAtLimit(p.model, workers, s.limit)) : NaN,
		misses: s.pause !== null && (!p.pauses_known ||
			p.gc_pause_p99_us > s.pause),
		leaves: p.exit_kib !== null && p.exit_kib > s.spare,
		endless: p.never_collects && s.age === null,
		extrapolated: extrapolates(p, workers, age),
		peaks: peaksBefore(p.model, age, workers),
		recommended: false,
		reason: "",
	};
}

function isCandidate(r)
{
	return r.known && r.workers > 0 && r.workers <= r.fits &&
		!r.misses && !r.endless;
}

function isBetter(a, b, s)
{
	const cpu = [a.plan.cpu_ratio, b.plan.cpu_ratio];

	if (s.workers === null && a.workers !== b.workers)
		return a.workers > b.workers;
	if (s.workers !== null && a.total_kib !== b.total_kib)
		return a.total_kib < b.total_kib;
	if (cpu[0] !== null && cpu[1] !== null && cpu[0] !== cpu[1])
		return cpu[0] < cpu[1];
	return a.total_kib < b.total_kib;
}

const mib = (kib) => (kib / 1024).toFixed(0);

/* The best of a list, its first among equals; undefined when it is empty. */
function pick(list, s)
{
	return list.reduce((best, r) =>
		best && !isBetter(r, best, s) ? best : r, undefined);
}

/* Why the best of a block is recommended: what the next best does worse. */
function praise(best, second, s)
{
	const within = s.pause === null ? "" :
		" among those whose p99 pause is within " + s.pause / 1000 + " ms";

	if (!second)
		return "the only one that fits" + within;
	if (s.workers !== null)
		return "least memory for " + s.workers + " workers" + within +
			": " + mib(best.total_kib) + " MiB, next is " +
			second.plan.strategy + " with " + mib(second.total_kib);
	if (best.workers > second.workers)
		return "most workers" + within + ": " + best.workers +
			", next is " + second.plan.strategy + " with " +
			second.workers;
	return "most workers" + within + ": " + best.workers + ", as many as " +
		second.plan.strategy + ", at " +
		(best.plan.cpu_ratio === null || second.plan.cpu_ratio === null ?
			"no more memory" :
			best.plan.cpu_ratio < second.plan.cpu_ratio ?
				"less CPU time" : "no more CPU time");
}

/* Why a plan cannot be followed, or "". */
function objection(r, s)
{
	const p99 = r.plan.gc_pause_p99_us / 1000;

	if (!r.known)
		return "memory after " + r.age + " requests is not known: its " +
			"cells served " + r.plan.requests_measured +
			", and too few checkpoints to go on from";
	if (r.point.shared + r.point.own > s.limit)
		return "not one worker fits: the template takes " +
			(r.point.shared / 1024).toFixed(1) + " MiB, a worker " +
			(r.point.own / 1024).toFixed(1) + " MiB more";
	if (r.workers > r.fits)
		return r.workers + " workers do not fit, " + r.fits + " would";
	if (r.endless)
		return "never collects, so what is in cycles stays for good: " +
			"only with --max-requests";
	if (r.misses && !r.plan.pauses_known)
		return "pauses are not known: its cells ran side by side";
	return r.misses ? "p99 pause of " + Number(p99.toPrecision(3)) +
		" ms, longer than " + s.pause / 1000 + " ms" : "";
}

/* notes_json() of harness/capacitydoc.c: those that hang on settings are made
 * anew, the others stay.  That a plan is extrapolated is told apart. */
const ENDS_EARLY = "such workers end before their first full collection";
const PEAKS = "workers occupied more before that age than at it";
const LEAVES = "a worker that exits may copy more than is kept free";

function notes(r)
{
	const p = r.plan;

	return [...p.notes.filter((note) => note !== ENDS_EARLY &&
		note !== LEAVES && note !== PEAKS &&
		!note.startsWith("extrapolated")),
	r.leaves && LEAVES,
	p.collect_at > r.age && p.collect_at <= p.requests_measured && ENDS_EARLY,
	r.peaks && PEAKS].filter(Boolean);
}

/* The one that was measured last. */
function newestOf(shown)
{
	return shown.reduce((a, b) =>
		a && a.plan.newest_cell >= b.plan.newest_cell ? a : b, null);
}

/* Recommends the best of each block.  The one to name first is for the workload
 * that was measured last, or null. */
function decide(shown, s)
{
	const size = (r) => [r.plan.workload, r.plan.scale, r.plan.collect_at,
		r.plan.requests_measured].join("\n");
	const newest = newestOf(shown);

	for (const r of shown)
		r.reason = objection(r, s);
	for (const block of new Set(shown.map((r) => r.plan.block))) {
		const list = shown.filter((r) =>
			r.plan.block === block && isCandidate(r));
		const best = pick(list, s);

		if (best) {
			best.recommended = true;
			best.reason = praise(best,
				pick(list.filter((r) => r !== best), s), s);
		}
	}
	return pick(shown.filter((r) => r.recommended &&
		size(r) === size(newest)), s) || null;
}

/* ---- texts: the same as in harness/htmldecision.c */

const known = (number) => number !== null && !Number.isNaN(number);

function plain(number)
{
	return !known(number) ? "–" :
		number === Infinity ? "never" : number.toFixed(0);
}

function memory(kib)
{
	return !known(kib) ? "–" :
		Math.abs(kib) < 10 * 1024 * 1024 ? (kib / 1024).toFixed(1) + " MiB" :
		(kib / 1048576).toFixed(2) + " GiB";
}

const size = (kib) => kib % 1048576 === 0 ? kib / 1048576 + " GiB" : memory(kib);

function pause(us)
{
	return !known(us) ? "–" : us < 1000 ? us.toFixed(0) + " µs" :
		(us / 1000).toFixed(us < 100000 ? 1 : 0) + " ms";
}
