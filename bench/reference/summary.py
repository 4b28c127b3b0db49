"""Puts what the steps of device.sh left into one JSON file and one Markdown table. Needs no PyTorch."""

import argparse
import os
import sys

import common

MICRO = 1e6
MEBI = 1 << 20
LAUNCH_BAR = 2e-6
EAGER_FORMS = ("eager", "eager channels-last")
NO_BARS = "bars are for full sizes on a GPU"


def median(figures, part):
    """Seconds of a part of a row, or None."""
    return figures[part]["median"] if figures and figures.get(part) else None


def best_eager(peers):
    """The quicker eager form, or the one that says why there is none."""
    timed = [peers[form] for form in EAGER_FORMS if median(peers.get(form), "full")]
    return min(timed, key=lambda figures: median(figures, "full")) if timed else peers.get("eager")


def ratio(peer, ours, basis):
    """The smallest of peer's time over ours over the parts that count; above 1 ours is quicker. None where a figure is missing."""
    ratios = []
    for part in basis:
        theirs, own = median(peer, part), median(ours, part)
        if theirs is None or not own:
            return None
        ratios.append(theirs / own)
    return min(ratios)


def why_not(name, figures):
    """Why there are no figures."""
    if not figures:
        return f"{name}: not run"
    return f"{name}: {figures.get('message') or figures['status']}"


def summarize(row, measured, ceilings, counts):
    """A row with ratios and verdicts. counts: whether bars apply."""
    ours = (measured or {}).get("ours") or {"status": "skipped", "message": "not run"}
    peers = (measured or {}).get("peers", {})
    basis = row.get("basis", ["full"])
    copy = (ceilings or {}).get("copyBytesPerSecond")
    full = median(ours, "full")
    share = ours["minimalBytes"] / full / copy if full and copy and ours.get("minimalBytes") else None
    figures = {"copy": share, "eager": ratio(best_eager(peers), ours, basis), "compile": ratio(peers.get("compile"), ours, basis), "chunked": ratio(peers.get("chunked"), ours, basis)}
    bars = {name: bar for name, bar in row.get("bars", {}).items() if name != "aim"}
    reasons = []
    if full is None:
        reasons.append(why_not("ours", ours))
    elif ours.get("message"):
        reasons.append(ours["message"])
    for name, figures_of in (("eager", best_eager(peers)), ("compile", peers.get("compile"))):
        if median(figures_of, "full") is None and (figures_of or name in bars):
            reasons.append(why_not(name, figures_of))
    verdicts = {name: (figures[name] >= bar if figures[name] is not None else None) for name, bar in bars.items()} if counts else {}
    met = None if not verdicts or None in verdicts.values() and False not in verdicts.values() else all(verdicts.values())
    return {
        "id": row["id"],
        "title": row["title"],
        "precision": row["precision"],
        "basis": basis,
        "ours": ours,
        "peers": peers,
        "ratios": figures,
        "bars": bars,
        "aim": row.get("bars", {}).get("aim"),
        "verdicts": verdicts,
        "met": met,
        "why": reasons if counts or not bars else [*reasons, NO_BARS],
    }


def launch_row(ceilings, counts):
    """The cost of an empty launch as a row of the verdict."""
    seconds = (ceilings or {}).get("launchSeconds")
    met = seconds <= LAUNCH_BAR if counts and seconds is not None else None
    return {"seconds": seconds, "bar": LAUNCH_BAR, "met": met, "why": None if seconds is not None else "ceilings were not measured"}


def read_steps(path):
    """What the steps said."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.rstrip("\n").split("\t") for line in file]
    except OSError:
        return []
    return [{"name": line[0], "status": line[1], "seconds": int(line[2]), "message": line[3]} for line in lines if len(line) == 4]


def read_machine(path):
    """Lines `key value` of the step that looked at the machine."""
    found = {}
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError:
        return found
    section = text.split("== machine\n", 1)[-1].split("\n== ", 1)[0]
    for line in section.splitlines():
        key, _, value = line.partition(" ")
        if key in ("date", "system", "program", "gpu", "cuda", "python", "torch", "triton") and value:
            found.setdefault(key, value)
    return found


def collect(options):
    """Everything, as the JSON file has it."""
    at = lambda *parts: common.read_json(os.path.join(options.work, *parts))
    ceilings, measured, cases, ops = at("ceilings.json"), at("rows.json"), at("cases.json"), at("check_ops.json")
    rows = {row["id"]: row for row in (measured or {}).get("rows", []) if "ours" in row}
    counts = options.device == "cuda" and not options.small and options.status == "done"
    summaries = [summarize(row, rows.get(row["id"]), ceilings, counts) for row in common.load_rows()]
    machine = read_machine(os.path.join(options.out, "log.txt"))
    program = machine.get("program", "")
    launch = launch_row(ceilings, counts)
    verdicts = [met for row in summaries for met in row["verdicts"].values()] + ([launch["met"]] if counts else [])
    return {
        "status": options.status,
        "device": options.device,
        "small": options.small,
        "commit": program.partition("+")[2] or None,
        "machine": machine,
        "steps": read_steps(os.path.join(options.work, "steps.tsv")),
        "cases": {name: cases[name] for name in ("passed", "failed", "differentBits", "failures")} if cases else None,
        "againstPyTorch": ops,
        "quickstart": scores(at("quickstart-whole", "summary.json")),
        "quickstartShort": scores(at("quickstart", "summary.json")),
        "camvidShort": scores(at("camvid", "summary.json")),
        "ceilings": ceilings,
        "peers": (measured or {}).get("peers"),
        "rows": summaries,
        "launch": launch,
        "bars": {"met": verdicts.count(True), "missed": verdicts.count(False), "open": verdicts.count(None)},
    }


def scores(summary):
    """Seconds and mean IoU of a run."""
    if not summary:
        return None
    networks = [
        {"role": n["role"], "model": n["model"], "steps": n["steps"], "seconds": n["seconds"], "meanIoU": {split: s.get("meanIoU") for split, s in n["scores"].items()}}
        for n in summary["networks"]
    ]
    return {"seconds": summary["seconds"], "device": summary["device"], "networks": networks}


def number(value, digits=1, scale=1.0):
    """A figure, or a dash."""
    return "-" if value is None else f"{value * scale:,.{digits}f}"


def bar_text(row):
    """The bars of a row."""
    texts = []
    for name, bar in row["bars"].items():
        texts.append(f"copy {100 * bar:.0f} %" if name == "copy" else f"{name} {bar:g}x")
    if row["aim"] is not None:
        texts.append(f"aim {row['aim']:g}x")
    return ", ".join(texts) or "-"


def met_text(row):
    """yes, or NO with the bars that are missed, or open."""
    if not row["verdicts"]:
        return "-"
    missed = [name for name, met in row["verdicts"].items() if met is False]
    if missed:
        return "NO: " + ", ".join(missed)
    return "yes" if row["met"] else "open"


def cells(row):
    """A row of the Markdown table."""
    ours, eager = row["ours"], best_eager(row["peers"])
    part = lambda figures, name: number(median(figures, name), 1, MICRO)
    memory = lambda figures: number((figures or {}).get("peakBytes"), 0, 1 / MEBI)
    return [
        row["title"],
        *(part(ours, name) for name in ("forward", "backward", "full")),
        *(part(eager, name) for name in ("forward", "full")),
        part(row["peers"].get("chunked"), "full"),
        part(row["peers"].get("compile"), "full"),
        number(row["ratios"]["eager"], 2),
        number(row["ratios"]["compile"], 2),
        number(row["ratios"]["copy"], 0, 100),
        f"{memory(ours)} / {memory(eager)}",
        bar_text(row),
        met_text(row),
        "; ".join(row["why"]).replace("|", "\\|") or "-",
    ]


HEADS = [
    "row", "ours fwd", "ours bwd", "ours full", "eager fwd", "eager full", "chunked full", "compile full",
    "eager/ours", "compile/ours", "copy %", "MiB ours / eager", "bar", "met", "remark",
]
LEFT = {"row", "bar", "met", "remark"}


def table(heads, rows, left):
    """An aligned Markdown table; the last column is as long as it is."""
    widths = [max(len(head), *(len(row[i]) for row in rows)) if i < len(heads) - 1 else len(head) for i, head in enumerate(heads)]
    pad = lambda text, i: text.ljust(widths[i]) if heads[i] in left else text.rjust(widths[i])
    line = lambda texts: "| " + " | ".join(pad(text, i) for i, text in enumerate(texts)) + " |"
    rule = "|" + "|".join(("-" * (widths[i] + 2)) if head in left else "-" * (widths[i] + 1) + ":" for i, head in enumerate(heads)) + "|"
    return "\n".join([line(heads), rule, *(line(row) for row in rows)])


def markdown(result):
    """The report for people."""
    machine = result["machine"]
    lines = [f"# Device measurement: {result['device']}", ""]
    if result["status"] != "done":
        lines += [f"**{result['status']}**", ""]
    for key in ("date", "gpu", "cuda", "system", "program", "python", "torch", "triton"):
        if key in machine:
            lines.append(f"- {key}: {machine[key]}")
    lines += ["", "## Steps", "", table(["step", "outcome", "s", "said"], [[s["name"], s["status"], str(s["seconds"]), s["message"].replace("|", "\\|") or "-"] for s in result["steps"]] or [["-"] * 4], {"step", "outcome", "said"})]
    ceilings = result["ceilings"]
    lines += ["", "## Ceilings", ""]
    if ceilings:
        launch = result["launch"]
        lines += [
            f"- copy {number(ceilings['copyBytesPerSecond'], 1, 1e-9)} GB/s (by a kernel of ours {number(ceilings['copyKernelBytesPerSecond'], 1, 1e-9)}, by the driver {number(ceilings.get('memcpyBytesPerSecond'), 1, 1e-9)}; read + written)",
            f"- float32 multiply-add {number(ceilings['fmaFlopsPerSecond'], 1, 1e-9)} GFLOP/s",
            f"- empty launch {number(launch['seconds'], 2, MICRO)} µs of the host, bar {LAUNCH_BAR * MICRO:g} µs: {'-' if launch['met'] is None else 'met' if launch['met'] else 'NOT met'}",
        ]
    else:
        lines.append("Not measured.")
    lines += ["", "## Rows", "", f"Medians in microseconds. Peers: {result['peers'] or 'not run'}. Ratios are the peer's time over ours: above 1 ours is quicker."]
    if result["small"]:
        lines.append("These are the small sizes, not those of the names: they show that everything runs, nothing else.")
    bars = result["bars"]
    lines += ["", table(HEADS, [cells(row) for row in result["rows"]], LEFT), "", f"Bars: {bars['met']} met, {bars['missed']} missed, {bars['open']} open.", ""]
    for name in ("quickstart", "quickstartShort", "camvidShort"):
        if result[name]:
            parts = [f"{n['role']} {n['steps']} steps {n['seconds']:.1f} s, mIoU {', '.join(f'{split} {number(v, 2, 100)}' for split, v in n['meanIoU'].items())}" for n in result[name]["networks"]]
            lines += [f"{name}: {result[name]['seconds']:.0f} s; {'; '.join(parts)}.", ""]
    return "\n".join(lines)


def self_test():
    """The verdicts on figures that are made up; returns the failures."""
    time = lambda seconds: {"low": seconds, "median": seconds, "high": seconds}
    row = {"id": "x", "title": "x", "precision": "fp32", "bars": {"copy": 0.85, "eager": 10, "compile": 1.5}}
    ours = {"status": "ok", "full": time(1e-3), "minimalBytes": 0.9e9}
    quick = {"ours": ours, "peers": {"eager": {"status": "ok", "full": time(2e-2)}, "compile": {"status": "ok", "full": time(2e-3)}}}
    slow = {"ours": ours, "peers": {"eager": {"status": "ok", "full": time(5e-3)}, "compile": {"status": "failed", "message": "took too long"}}}
    ceilings = {"copyBytesPerSecond": 1e12, "launchSeconds": 3e-6}
    expectations = [
        ("all bars met", summarize(row, quick, ceilings, True)["met"], True),
        ("a bar missed", summarize(row, slow, ceilings, True)["met"], False),
        ("a bar without a figure", summarize({**row, "bars": {"compile": 1}}, slow, ceilings, True)["met"], None),
        ("its reason", summarize(row, slow, ceilings, True)["why"], ["compile: took too long"]),
        ("no bars for small sizes", summarize(row, quick, ceilings, False)["verdicts"], {}),
        ("nothing measured", summarize(row, None, None, True)["met"], None),
        ("both parts count", ratio({"forward": time(4), "backward": time(1)}, {"forward": time(2), "backward": time(2)}, ["forward", "backward"]), 0.5),
        ("the quicker layout", best_eager({"eager": {"full": time(2)}, "eager channels-last": {"full": time(1)}})["full"]["median"], 1),
        ("launch too dear", launch_row(ceilings, True)["met"], False),
    ]
    return [f"{name}: {actual}, expected {expected}" for name, actual, expected in expectations if actual != expected]


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", default=".", help="folder with what the steps left")
    parser.add_argument("--out", default=".", help="folder for result.json and result.md")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--status", default="done", help="done, or why nothing was measured")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args(arguments)
    if options.self_test:
        failures = self_test()
        print("\n".join(failures) if failures else "self-test passed")
        return 1 if failures else 0
    result = collect(options)
    common.write_json(os.path.join(options.out, "result.json"), result)
    with open(os.path.join(options.out, "result.md"), "w", encoding="utf-8") as file:
        file.write(markdown(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
