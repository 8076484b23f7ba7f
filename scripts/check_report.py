#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads report.html as its readers do, in headless Chromium: wide and on a phone, light and dark, with
and without scripts, by mouse and by keyboard. Nothing may be fetched, and nothing said on the console.

    check_report.py [--pictures DIR] report.html...    0: all is well, 1: see what it says
    check_report.py --self-test report.html            the same on copies with a fault planted in each

Where there is no Chromium it says so and exits with 77. Pictures go beside the first page, into
build/report-pictures, or where --pictures says."""

import argparse
import json
import os
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import browser  # noqa: E402

WIDE, PHONE = (1280, 900), (360, 800)
FONT_LEAST, CONTRAST_LEAST = 14, 4.5
UNITS = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
FIGURE = re.compile(r"(-?[\d.,]+(?:e[-+]?\d+)?)(k\b)?(?: to -?[\d.,]+(?:e[-+]?\d+)?)?(?: (ns|µs|ms|s|[KMGT]?i?B)\b)?")


def value_of(text):
    """What the page's figures are, by another reading of their texts than the page's own; None: no figure."""
    found = FIGURE.match(text)
    if not found:
        return None
    number = float(found[1].replace(",", ""))
    return number * (1024 if found[2] else 1) * UNITS.get(found[3], 1)


class Page:
    """One report; `faults` are sentences."""

    def __init__(self, chromium, path, pictures):
        self.browser, self.path, self.pictures = chromium, pathlib.Path(path).resolve(), pictures
        self.faults, self.notes = [], []

    def expect(self, holds, sentence):
        if not holds:
            self.faults.append(sentence)

    def open(self, size, **how):
        self.browser.open(self.path.as_uri(), *size, **how)

    def listen(self):
        """What came over the wires since the page was opened."""
        for event in self.browser.events:
            told = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                details = told["exceptionDetails"]
                said = details.get("exception", {}).get("description", details["text"])
                self.expect(False, f"an exception: {said}")
            elif event["method"] == "Runtime.consoleAPICalled":
                said = " ".join(str(argument.get("value")) for argument in told["args"])
                self.expect(False, f"on the console: {said}")
            elif event["method"] == "Log.entryAdded":
                self.expect(False, f"in the log: {told['entry']['text']}")
            elif event["method"] == "Network.requestWillBeSent":
                url = told["request"]["url"]
                self.expect(url == self.path.as_uri() or url.startswith("data:"), f"it asks for {url}")

    def picture(self, name, **what):
        if not self.pictures:
            return
        path = self.pictures / f"{self.path.parent.name}-{name}.png"
        self.browser.picture(path, **what)
        # Of an empty page PNG makes nearly nothing.
        self.expect(path.stat().st_size > 20000, f"the picture {path} is blank")

    def check_form(self):
        """What a reader with a screen reader, and a browser that is to fetch nothing, rely on."""
        ask = self.browser.ask
        self.expect(ask("document.documentElement.lang") == "en", "no language")
        self.expect(ask("document.title.length > 0"), "no title")
        self.expect(ask("!!document.querySelector('meta[name=viewport]')"), "no viewport")
        policy = ask("document.querySelector('meta[http-equiv=Content-Security-Policy]')?.content || ''")
        self.expect("default-src 'none'" in policy, "no policy that forbids to fetch")
        self.expect(ask("document.querySelectorAll('main').length") == 1 and ask("!!document.querySelector('nav')"),
                    "no landmarks")
        self.expect(ask("document.querySelector('a').className === 'skip' && "
                        "!!document.querySelector(document.querySelector('a').getAttribute('href'))"), "no skip link")
        self.expect(ask("[...document.querySelectorAll('nav a')].every(a => document.querySelector(a.hash))"),
                    "a link of the contents leads nowhere")
        self.expect(ask("[...document.querySelectorAll('th')].every(th => th.scope)"), "a heading without a scope")
        named = ("[...document.querySelectorAll('table')].every(table => { const region = table.closest('.scroll');"
                 " const id = region && region.getAttribute('aria-labelledby');"
                 " return region && (id ? document.getElementById(id) : region.getAttribute('aria-label')); })")
        self.expect(ask(named), "a table without a name, or not in a box of its own")
        ids = "[...document.querySelectorAll('[id]')].map(element => element.id)"
        self.expect(ask(f"new Set({ids}).size === {ids}.length"), "an id that two elements have")
        first = ask("document.querySelector('h2').textContent")
        self.expect(first == "Summary", f"it begins with {first}")

    def check_figures(self):
        ask = self.browser.ask
        figures = ask("[...document.querySelectorAll('figure')].map(figure => ({"
                      "caption: (figure.querySelector('figcaption')?.textContent || '').trim(),"
                      "drawn: !!figure.querySelector('svg[role=img]'),"
                      "rows: figure.querySelectorAll('details tbody tr').length,"
                      "marks: +figure.dataset.marks || 0}))")
        for i, figure in enumerate(figures):
            self.expect(len(figure["caption"]) > 20, f"figure {i + 1} has no caption")
            self.expect(figure["drawn"], f"figure {i + 1} has no drawing")
            self.expect(figure["rows"], f"figure {i + 1} has no numbers")
            self.expect(figure["marks"], f"figure {i + 1} tells no numbers on hover")
        telling = [i for i, figure in enumerate(figures) if figure["marks"]]
        for i in telling:
            self.check_hover(i)
        self.check_places()
        self.check_told_places()

    def show_figure(self, i):
        self.browser.ask("for (let fold = document.querySelectorAll('figure')[%d]; fold; fold = fold.parentElement)"
                         " if (fold.matches('details')) fold.open = true" % i)
        self.browser.ask(f"document.querySelectorAll('figure')[{i}].scrollIntoView()")
        self.settle()

    def settle(self):
        """Scrolling is told with the next frame, and takes what is shown away."""
        self.browser.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    # What the tip says, e.g. [["absorbed"], ["median", "1.2 ms"]]; null: it is hidden.
    TIP = ("(tip => tip.hidden ? null : [...tip.children].map(line => line.textContent.split(': ')))"
           "(document.querySelector('.tip'))")

    def check_hover(self, i):
        """The mouse over a mark shows figures of one row of the table below."""
        ask = self.browser.ask
        self.show_figure(i)
        place = ask("(() => { const figure = document.querySelectorAll('figure')[%d];"
                    " const marks = [...figure.querySelectorAll('g[id*=gnuplot_plot] use')].filter(use =>"
                    " !use.getAttribute('transform').includes('scale(0.00)'));"
                    " const bars = [...figure.querySelectorAll('g[id*=gnuplot_plot] polygon')];"
                    " const box = (marks.length ? marks : bars)[0].getBoundingClientRect();"
                    " return [box.x + box.width / 2, box.y + box.height / 2, innerHeight]; })()" % i)
        if place[1] > place[2]:
            ask(f"scrollBy(0, {place[1] - place[2] / 2})")
            place[1] = place[2] / 2
            self.settle()
        self.browser.move(5, 5)
        self.browser.move(place[0], place[1])
        tip = ask(self.TIP)
        self.expect(tip, f"figure {i + 1} shows nothing under the mouse")
        rows = ask("(table => [...table.tBodies[0].rows].map(row => [...row.cells].map((cell, k) =>"
                   " [table.tHead.rows[0].cells[k].textContent, cell.textContent])))"
                   "(document.querySelectorAll('figure')[%d].querySelector('details table'))" % i)
        said = [line for line in tip or [] if len(line) == 2]
        self.expect(not tip or (said and any(all(line in row for line in said) for row in rows)),
                    f"figure {i + 1} shows {tip}, which no row of its table says")
        if self.pictures and i == 0:
            self.picture("hover")
        self.browser.move(5, 5)

    def check_places(self):
        """The marks, one by one with the arrow keys: where one is further right or up its figures are larger."""
        axes = {"context_tokens": "median_s", "flop_per_byte": "median_gflops"}
        for x, y in axes.items():
            figure = self.browser.ask(
                "[...document.querySelectorAll('figure')].findIndex(figure => figure.dataset.marks > 1 &&"
                f" figure.querySelector('[data-name={x}]') && figure.querySelector('[data-name={y}]'))")
            if figure >= 0:
                self.check_axes(figure, x, y)

    def check_axes(self, figure, x, y):
        ask = self.browser.ask
        self.show_figure(figure)
        card = f"document.querySelectorAll('figure')[{figure}].querySelector('.card')"
        names = [ask(f"{card}.parentElement.querySelector('[data-name={name}]').textContent") for name in (x, y)]
        count = min(60, ask(f"+{card}.parentElement.dataset.marks"))
        ask(f"{card}.focus({{preventScroll: true}})")
        self.settle()
        read = []
        for _ in range(count):
            self.browser.key("ArrowRight", 39)
            tip = ask(self.TIP)
            self.expect(tip, f"figure {figure + 1} shows nothing to the arrow keys")
            if not tip:
                return
            at = ask("(ring => [+ring.getAttribute('cx'), +ring.getAttribute('cy')])(document.querySelector('.ring'))")
            figures = dict(line for line in tip if len(line) == 2)
            read.append((at, tip[0] if len(tip[0]) == 1 else None, value_of(figures[names[0]]), value_of(figures[names[1]])))
        for a_at, a_panel, a_x, a_y in read:
            for b_at, b_panel, b_x, b_y in read:
                if a_panel != b_panel:
                    continue
                self.expect(not a_at[0] < b_at[0] - 2 or a_x < b_x,
                            f"figure {figure + 1}: {a_x} left of {b_x}")
                self.expect(not a_at[1] > b_at[1] + 2 or a_y < b_y,
                            f"figure {figure + 1}: {a_y} below {b_y}")

    def check_told_places(self):
        """What a drawing told of the places of its marks: each is on one."""
        astray = self.browser.ask(
            "[...document.querySelectorAll('figure')].map(figure => {"
            " const marks = [...figure.querySelectorAll('g[id*=gnuplot_plot] use')].map(use =>"
            "   (use.getAttribute('transform').match(/translate[(]([-\\d.]+),([-\\d.]+)/) || []).slice(1).map(Number))"
            "   .map(([x, y]) => [x - 1, x + 1, y - 1, y + 1]);"
            " const areas = [...figure.querySelectorAll('g[id*=gnuplot_plot] polygon')].map(area => {"
            "   const n = area.getAttribute('points').match(/-?[\\d.]+/g).map(Number);"
            "   const x = n.filter((_, i) => i % 2 == 0), y = n.filter((_, i) => i % 2);"
            "   return [Math.min(...x) - 1, Math.max(...x) + 1, Math.min(...y) - 1, Math.max(...y) + 1]; });"
            " const drawn = marks.concat(areas);"
            " return [...figure.querySelectorAll('tr[data-at]')].flatMap(tr => tr.dataset.at.split(' '))"
            "   .filter(at => { const [x, y] = at.split(',').map(Number);"
            "     return !drawn.some(([left, right, top, bottom]) => x >= left && x <= right && y >= top && y <= bottom); }).length; })")
        for i, count in enumerate(astray):
            self.expect(not count, f"figure {i + 1} tells {count} places where it has no mark")
        # A row's place follows its figures: [columns of one axis, whether it goes down the drawing].
        for columns, down in ((["rank", "over_latent"], False), (["row", "kernel"], True)):
            backwards = self.browser.ask(f"(([column, other], down) => {self.BACKWARDS})({json.dumps(columns)}, {int(down)})")
            for i, count in enumerate(backwards):
                self.expect(not count, f"figure {i + 1}: {count} rows have the place of others")

    # Of every figure whose table has one of the columns: pairs of places in the order that their values are not.
    BACKWARDS = ("[...document.querySelectorAll('figure')].map(figure => {"
                 " const head = figure.querySelector(down ? `[data-name=${column}] ~ [data-name=${other}]`"
                 "   : `[data-name=${column}], [data-name=${other}]`);"
                 " if (!head) return 0;"
                 " const at = down ? head.parentElement.querySelector(`[data-name=${column}]`).cellIndex : head.cellIndex;"
                 " const told = [...figure.querySelectorAll('tr[data-at]')].flatMap(tr => tr.dataset.at.split(' ')"
                 "   .map(place => ({panel: tr.dataset.panel, value: +tr.cells[at].dataset.value,"
                 "     place: +place.split(',')[down]})));"
                 " let count = 0;"
                 " for (const a of told) for (const b of told)"
                 "   count += a.panel === b.panel && a.value < b.value && a.place > b.place + 2;"
                 " return count; })")

    # The texts of a column of the k-th table.
    COLUMN = ("[...document.querySelectorAll('table')[%d].tBodies[0].rows].map(row => row.cells[%d].textContent)")

    def check_column(self, table, column, ascending):
        texts = self.browser.ask(self.COLUMN % (table, column))
        values = [value_of(text) for text in texts]
        known = [value for value in values if value is not None]
        ordered = sorted(known, reverse=not ascending)
        # Texts round; the page sorts by what they say.
        self.expect(values[: len(known)] == ordered,
                    f"table {table + 1}, column {column + 1}, sorted {'up' if ascending else 'down'}: "
                    + ", ".join(texts[:6]))

    def check_sorting(self):
        ask = self.browser.ask
        tables = ask("[...document.querySelectorAll('table')].map(table => table.closest('figure') ? [] :"
                     " [...table.tHead.rows[0].cells].map((th, k) => th.querySelector('button') &&"
                     " table.tBodies[0].rows[0].cells[k].matches('.r') ? k : -1).filter(k => k >= 0))")
        self.expect(any(tables), "no table can be sorted")
        for table, columns in enumerate(tables):
            for column in columns:
                head = f"document.querySelectorAll('table')[{table}].tHead.rows[0].cells[{column}]"
                for ascending in (True, False):
                    ask(f"{head}.querySelector('button').click()")
                    wanted = "ascending" if ascending else "descending"
                    self.expect(ask(f"{head}.getAttribute('aria-sort')") == wanted, "a sorted table does not say so")
                    self.check_column(table, column, ascending)
        table = next((k for k, columns in enumerate(tables) if columns), None)
        if table is not None:
            self.check_pressing(table, tables[table][0])

    def check_pressing(self, table, column):
        """A header by the mouse itself, and by the keyboard."""
        ask = self.browser.ask
        button = f"document.querySelectorAll('table')[{table}].tHead.rows[0].cells[{column}].querySelector('button')"
        ask("for (let fold = %s; fold; fold = fold.parentElement) if (fold.matches('details')) fold.open = true" % button)
        ask(f"{button}.scrollIntoView({{block: 'center', inline: 'center'}})")
        x, y = ask(f"(box => [box.x + box.width / 2, box.y + box.height / 2])({button}.getBoundingClientRect())")
        self.browser.click(x, y)
        self.check_column(table, column, True)
        ask(f"{button}.focus()")
        self.browser.key("Enter", 13, "\r")
        self.check_column(table, column, False)

    # Of every element with text of its own: size, colour, and the first background behind it.
    TEXTS = """[...document.querySelectorAll('body *')].filter(element => !element.closest('svg, script') &&
        [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()) && element.checkVisibility())
        .map(element => { let behind = element;
            const back = node => getComputedStyle(node).backgroundColor;
            while (behind.parentElement && back(behind) === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
            const style = getComputedStyle(element);
            return [parseFloat(style.fontSize), style.color, back(behind), element.textContent.trim().slice(0, 40)]; })"""

    def check_texts(self, what):
        seen = set()
        for size, colour, back, text in self.browser.ask(self.TEXTS):
            if (size, colour, back) in seen:
                continue
            seen.add((size, colour, back))
            self.expect(size >= FONT_LEAST, f"{what}: {size} px is too small: {text}")
            found = contrast(colour, back)
            self.expect(found >= CONTRAST_LEAST, f"{what}: a contrast of {found:.1f}: {text}")

    def read(self):
        return self.browser.ask("document.querySelector('main').innerText.replace(/\\s+/g, ' ')")

    def check(self, wanted=None):
        """All of it, or until a fault is found that is like the one that is wanted. Whether it was."""
        seen = {}
        for part in (self.check_wide, self.check_dark, self.check_phone, self.check_without_scripts):
            part(seen)
            self.listen()
            if wanted and any(re.search(wanted, fault) for fault in self.faults):
                return True
        return False

    def check_wide(self, seen):
        self.open(WIDE)
        self.check_form()
        self.check_texts("light")
        self.picture("light", whole=True)
        seen["text"], seen["counts"] = self.read(), self.counts()
        self.check_figures()
        self.check_sorting()

    def check_dark(self, _):
        self.open(WIDE, dark=True)
        self.check_texts("dark")
        dark = self.browser.ask("getComputedStyle(document.body).backgroundColor")
        self.expect(contrast(dark, "rgb(255, 255, 255)") > 12, f"in the dark the page is {dark}")
        self.picture("dark", whole=True)

    def check_phone(self, _):
        self.open(PHONE, phone=True)
        self.browser.ask("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        width = self.browser.ask("document.documentElement.scrollWidth")
        self.expect(width <= PHONE[0], f"on a phone the page is {width} pixels wide")
        self.check_texts("on a phone")
        self.browser.ask("document.querySelectorAll('details').forEach(fold => fold.open = false)")
        self.picture("phone", whole=True)

    def check_without_scripts(self, seen):
        self.open(WIDE, scripts=False)
        counts = self.counts()
        self.expect(counts == seen["counts"], f"without scripts there is less: {counts} of {seen['counts']}")
        self.expect(self.read() == seen["text"], "without scripts the page says something else")
        self.browser.call("Emulation.setEmulatedMedia", media="print")
        self.expect(self.browser.ask("[...document.querySelectorAll('details > :not(summary)')].every(inside =>"
                                     " inside.checkVisibility())"), "printed, folds stay shut")

    def counts(self):
        return self.browser.ask("['table', 'tbody tr', 'figure', 'svg use', 'svg path', 'li', 'p'].map(what =>"
                                " document.querySelector('main').querySelectorAll(what).length)")


def contrast(one, other):
    """As WCAG 2.1 defines it."""
    def luminance(colour):
        parts = [float(part) / 255 for part in re.findall(r"[\d.]+", colour)[:3]]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


MAIN = '<main id="main">'
# Name, what is replaced, by what, and what must be said of it.
PLANTED = (
    ("a message on the console", MAIN, MAIN + "<script>console.error('planted')</script>", "on the console: planted"),
    ("an exception", MAIN, MAIN + "<script>throw new Error('planted')</script>", "an exception: Error: planted"),
    ("an image from outside", MAIN, MAIN + '<img src="https://mlabench.invalid/x.png" alt="">',
     "in the log|it asks for https://mlabench.invalid"),
    ("the same without a policy", '<meta http-equiv="Content-Security-Policy"', '<link rel="stylesheet" '
     'href="https://mlabench.invalid/x.css"><meta name="policy"', "it asks for https://mlabench.invalid"),
    ("a table that is too wide", '<div class="scroll"', '<div class="narrow"', "pixels wide"),
    ("sorting by text", "const numeric = rows.some", "const numeric = 0 && rows.some", "sorted up"),
    ("no hover", 'card.addEventListener("pointermove", nearest);', "", "shows nothing under the mouse"),
    ("no arrow keys", 'card.addEventListener("keydown"', 'card.addEventListener("keyless"', "nothing to the arrow keys"),
    ("another mark's numbers", "fillTip(mark.row, table)", "fillTip(marks[marks.length - 1 - index].row, table)",
     "left of|below"),
    ("a mark's place elsewhere", 'data-at="', 'data-at="9', "places where it has no mark"),
    ("the places of neighbours", r'data-at="([^"]*)"(.*?)data-at="([^"]*)"',
     lambda m: f'data-at="{m[3]}"{m[2]}data-at="{m[1]}"', "rows have the place of others"),
    ("a figure without a caption", r"<figcaption id=\"fig1\">.*?</figcaption>", "", "figure 1 has no caption"),
    ("a figure without its numbers", r"<details><summary>The numbers</summary>.*?</details>", "", "has no numbers"),
    ("nothing without scripts", MAIN, "<script>document.documentElement.className = 'on'</script><style>"
     "html:not(.on) table { display: none }</style>" + MAIN, "without scripts"),
    ("small print", MAIN, MAIN + '<p style="font-size: 11px">planted</p>', "11 px is too small: planted"),
    ("pale print", MAIN, MAIN + '<p style="color: #8f8f8f">planted</p>', r"contrast of 3\.\d: planted"),
    ("no dark", "prefers-color-scheme: dark", "prefers-color-scheme: none", "in the dark"),
    ("a heading without a scope", '<th scope="col"', "<th", "heading without a scope"),
    ("folds that do not print", "details::details-content", "details::other", "folds stay shut"),
)


def self_test(chromium, page):
    """How many faults went unnoticed."""
    text = pathlib.Path(page).read_text(encoding="utf-8")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, old, new, expected) in enumerate(PLANTED):
            pattern = old if ".*?" in old else re.escape(old)
            put = new if callable(new) else lambda _, new=new: new
            broken, times = re.subn(pattern, put, text, flags=re.DOTALL)
            path = pathlib.Path(folder) / f"{number}.html"
            path.write_text(broken, encoding="utf-8")
            report = Page(chromium, path, None)
            seen = report.check(expected) and times > 0
            missed += not seen
            if seen:
                print(f"check_report: noticed: {name}")
            else:
                print(f"check_report: NOT noticed: {name}: {report.faults[:3]}")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("pages", nargs="+", metavar="report.html")
    parser.add_argument("--pictures", type=pathlib.Path, default=pathlib.Path("build/report-pictures"))
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    path = browser.find()
    if not path:
        print("check_report: not run: there is no Chromium (make setup-dev)")
        return 77
    os.makedirs(arguments.pictures, exist_ok=True)
    chromium = browser.Browser(path, patience=300)
    try:
        chromium.call("Browser.getVersion", on_page=False)
    except (browser.Failure, OSError):
        chromium.close()
        print(f"check_report: not run: {path} does not start")
        return 77
    bad = 0
    try:
        for page in arguments.pages:
            report = Page(chromium, page, None if arguments.self_test else arguments.pictures)
            report.check()
            bad += len(report.faults)
            for fault in dict.fromkeys(report.faults):
                print(f"check_report: {page}: {fault}")
            for note in report.notes:
                print(f"check_report: {page}: {note}")
            if arguments.self_test:
                bad += self_test(chromium, page)
    finally:
        chromium.close()
    if not bad:
        print(f"check_report: {', '.join(arguments.pages)}: all is well"
              + ("" if arguments.self_test else f"; pictures in {arguments.pictures}"))
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except browser.Failure as failure:
        print(f"check_report: {failure}")
        sys.exit(1)
