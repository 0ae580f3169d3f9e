"""The page of the report: markup (Jinja, escaping everything), style sheet and script.

It is a module and not a data file so that the digest of this stage's code covers it.
"""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fbfaf6; --card: #ffffff; --ink: #22242a; --soft: #5c6068; --rule: #dedbd2; --accent: #7d5a00;
  --tint: #f3f0e6; --iris: #d9a514; --warn: #9c3a00;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", "URW Palladio L", P052, Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181c; --card: #ffffff; --ink: #e6e4dd; --soft: #a2a5ab; --rule: #353940; --accent: #e6b94a;
    --tint: #1f2228; --iris: #d9a514; --warn: #ff9a5c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.125rem/1.62 var(--serif);
  overflow-wrap: anywhere; }
main, header, footer { max-width: 58rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: clamp(2.2rem, 7vw, 5rem); }
p, ol, ul.plain, .text { max-width: 40rem; }
h1, h2, h3 { line-height: 1.18; font-weight: 600; text-wrap: balance; overflow-wrap: break-word; }
h1 { font-size: clamp(2.1rem, 6vw, 3.4rem); letter-spacing: -0.012em; margin: 0.6rem 0 0.8rem; }
h2 { font-size: 1.65rem; margin: 0 0 0.7rem; }
h3 { font-size: 1.15rem; margin: 2.2rem 0 0.5rem; }
section { padding: 2.6rem 0 0; margin-top: 2.6rem; border-top: 1px solid var(--rule); scroll-margin-top: 0; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 0.18em; }
a:focus-visible, button:focus-visible, summary:focus-visible, .scroll:focus-visible {
  outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 3px;
}
.eye { width: 4.2rem; height: auto; display: block; }
.standfirst { font-size: 1.3rem; line-height: 1.5; color: var(--soft); margin: 0; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: 0.4rem 0.8rem; z-index: 2; }
nav { font: 0.9rem/1.9 var(--sans); margin-top: 1.8rem; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0 1.3rem; margin: 0; padding: 0; }
nav a { text-decoration: none; } nav a:hover { text-decoration: underline; }
.facts { font: 0.9rem/1.5 var(--sans); color: var(--soft); margin: 1.2rem 0 0; }
.found { padding-left: 0; list-style: none; counter-reset: finding; margin: 1.2rem 0 0; }
.found li { counter-increment: finding; position: relative; padding-left: 2.4rem; margin-bottom: 1.05rem; }
.found li::before {
  content: counter(finding); position: absolute; left: 0; top: 0.02em; font: 600 1.3rem/1.3 var(--serif);
  color: var(--accent);
}
figure { margin: 1.2rem 0 0; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 6px;
  padding: clamp(0.6rem, 2.5vw, 1.8rem); }
@media (prefers-color-scheme: dark) { .card { border-color: transparent; } }
.card img { display: block; width: 100%; height: auto; max-width: 50rem; margin: 0 auto; }
figcaption { font: 0.95rem/1.55 var(--sans); color: var(--soft); max-width: 44rem; margin-top: 0.9rem; }
.scroll { overflow-x: auto; -webkit-overflow-scrolling: touch; }
@media (max-width: 40rem) { .card.scroll img { min-width: 34rem; } .hint { display: block !important; } }
.hint { display: none; font: 0.85rem/1.4 var(--sans); color: var(--soft); margin: 0.5rem 0 0; }
table { border-collapse: collapse; font: 0.88rem/1.45 var(--sans); font-variant-numeric: tabular-nums; width: 100%; }
caption { text-align: left; color: var(--soft); padding: 0 0 0.6rem; font-size: 0.92rem; }
th, td { text-align: left; vertical-align: top; padding: 0.45rem 1rem 0.45rem 0; border-bottom: 1px solid var(--rule);
  overflow-wrap: normal; }
thead th { border-bottom: 2px solid var(--rule); font-weight: 600; white-space: nowrap; vertical-align: bottom; }
tbody th { font-weight: 600; }
.number { text-align: right; white-space: nowrap; }
td small { color: var(--soft); font-size: 0.92em; display: block; white-space: nowrap; }
td small.wrap { white-space: normal; min-width: 11rem; }
.tall { max-height: 34rem; overflow: auto; } .tall thead th { position: sticky; top: 0; background: var(--paper); }
th button { all: unset; cursor: pointer; font: inherit; font-weight: 600; }
th button::after { content: "\\2195"; color: var(--soft); padding-left: 0.3em; font-weight: 400; }
th[aria-sort="ascending"] button::after { content: "\\2191"; color: var(--accent); }
th[aria-sort="descending"] button::after { content: "\\2193"; color: var(--accent); }
th button:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 3px; }
.warn { color: var(--warn); font-weight: 600; }
details { margin: 0.9rem 0; border-bottom: 1px solid var(--rule); padding-bottom: 0.7rem; }
summary { cursor: pointer; font: 600 0.98rem/1.5 var(--sans); }
details > :nth-child(2) { margin-top: 0.9rem; }
pre { font: 0.82rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  background: var(--tint); padding: 1rem; border-radius: 6px; overflow-x: auto; overflow-wrap: normal; }
code { font: 0.86em ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
.photos { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 1.4rem 1.2rem;
  list-style: none; padding: 0; margin: 1.2rem 0 0; font: 0.84rem/1.4 var(--sans); }
.photos img { width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: 4px; display: block;
  margin-bottom: 0.5rem; }
.photos strong { display: block; } .photos span { color: var(--soft); display: block; }
.encoders { margin: 1rem 0 0; } .encoders dt { font-weight: 600; margin-top: 1.2rem; }
.encoders dd { margin: 0.1rem 0 0; max-width: 40rem; }
.tag { font: 0.78rem/1 var(--sans); border: 1px solid var(--rule); border-radius: 1rem; padding: 0.22rem 0.6rem;
  color: var(--soft); margin-left: 0.2rem; white-space: nowrap; font-weight: 400; display: inline-block; }
footer { font: 0.88rem/1.5 var(--sans); color: var(--soft); padding-top: 3rem; padding-bottom: 4rem; }
@media print { nav, .hint, .skip { display: none; } body { font-size: 10.5pt; } .tall { max-height: none; } }
"""

SCRIPT = """
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th"), table = head.closest("table"), body = table.tBodies[0];
    const column = [...head.parentNode.children].indexOf(head);
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
    const compare = (one, other) => {
      const a = key(one), b = key(other);
      if (a === "" || b === "") return (a === "") - (b === "");
      const order = isNaN(a) || isNaN(b) ? a.localeCompare(b, "en", { numeric: true }) : a - b;
      return down ? -order : order;
    };
    body.append(...[...body.rows].sort(compare));
  });
}
"""

PAGE = """\
{% macro scroll(label, class="") -%}
<div class="scroll {{ class }}" role="region" aria-label="{{ label }}" tabindex="0">{{ caller() }}</div>
{%- endmacro %}
{% macro head(names, numbers) -%}
<thead><tr>
{% for name in names %}<th scope="col"><button type="button">{{ name }}</button></th>
{% endfor %}
{% for name in numbers %}<th scope="col" class="number"><button type="button">{{ name }}</button></th>
{% endfor %}
</tr></thead>
{%- endmacro %}
{% macro cell(one) -%}
{% if one %}
<td class="number" data-sort="{{ one.sort }}">{{ one.value }}<small{% if one.note.startswith("no ") %} class="wrap"\
{% endif %}>{{ one.note }}</small></td>
{% else %}
<td class="number" data-sort=""></td>
{% endif %}
{%- endmacro %}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ spec.title }} · {{ spec.study }}</title>
<link rel="icon" href="data:,">
<style>{{ style | safe }}</style>
</head>
<body>
<a class="skip" href="#found">Skip to what was found</a>
<header>
<svg class="eye" viewBox="0 0 84 48" aria-hidden="true" focusable="false">
<path d="M2 24C18 2 66 2 82 24C66 46 18 46 2 24Z" fill="var(--iris)"/>
<path d="M42 7C48 15 48 33 42 41C36 33 36 15 42 7Z" fill="#16181c"/>
<circle cx="46.5" cy="16" r="2.6" fill="#fff" opacity=".9"/>
</svg>
<h1>{{ spec.title }}</h1>
<p class="standfirst">How much of what a frozen vision network represents survives when the same scenes are seen as
“{{ focal }}” instead of “{{ spec.reference }}”?</p>
<p class="facts">Study {{ spec.study }} · {{ n_frames }} frames from {{ n_groups }} groups ·
{{ encoders | length }} encoders · {{ compared | length + 1 }} views</p>
<nav aria-label="Contents"><ul>
<li><a href="#found">What was found</a></li>
{% if published %}
<li><a href="#published">Beside the published values</a></li>
{% endif %}
{% for figure in figures %}
<li><a href="#{{ figure.id }}">{{ figure.title }}</a></li>
{% endfor %}
<li><a href="#viewing">Viewing conditions</a></li>
<li><a href="#numbers">The numbers</a></li>
<li><a href="#encoders">Encoders</a></li>
<li><a href="#photos">Photographs</a></li>
<li><a href="#provenance">Provenance</a></li>
</ul></nav>
</header>
<main>
<section id="asked">
<h2>What was asked</h2>
<p>An <em>encoder</em> is a vision network that turns a picture into numbers, its features, layer by layer. Each of the
{{ encoders | length }} encoders here was given the same {{ n_frames }} frames in {{ compared | length + 1 }} versions:
as the reference “{{ spec.reference }}” delivers them, and as
{% for view in compared %}
“{{ view }}”{{ "." if loop.last else (" and" if loop.revindex == 2 else ",") }}
{% endfor %}
Their weights were left as they are.</p>
<p>Every version is then compared with the reference: do the frames stand to one another as they did before? A value of
1 says that they do, as far as the measure can tell; near 0 nothing is left of their order. <strong>Linear CKA</strong>
compares inner products of features, and its unbiased form is not flattered by few frames and many features.
<strong>RSA</strong> compares the dissimilarities of all pairs of frames.</p>
</section>
<section id="found">
<h2>What was found</h2>
<ol class="found">
{% for sentence in found %}
<li>{{ sentence }}</li>
{% endfor %}
</ol>
{% if warnings %}
<h3 class="warn">Before you believe it</h3>
<ul class="plain">
{% for warning in warnings %}
<li>{{ warning }}</li>
{% endfor %}
</ul>
{% endif %}
</section>
{% if published %}
<section id="published">
<h2>Beside the published values</h2>
<p>Published in {{ published.source }}. “Inside” says whether the published value lies in this study’s {{ interval }}.
{% if published.untrained %}
<span class="warn">Encoders with random weights stand in for trained ones here, so this says nothing about the published
values: {{ published.untrained | join(", ") }}.</span>
{% endif %}
</p>
{% call scroll("Published values") %}
<table>
{{ head(["Encoder", "Layer", "View", "Measure"], ["Published", "Here", "Difference"]) }}
<tbody>
{% for row in published.rows %}
<tr><th scope="row">{{ row.encoder }}</th><td>{{ row.layer }}</td><td>{{ row.view }}</td><td>{{ row.metric }}</td>
<td class="number" data-sort="{{ row.value }}">{{ row.value }}</td>{{ cell(row.cell) }}
<td class="number" data-sort="{{ row.difference }}">{{ row.difference }}<small>{{ row.inside }}</small></td></tr>
{% endfor %}
</tbody>
</table>
{% endcall %}

{% if published.order %}
<h3>Order of the families</h3>
<p>By mean {{ published.order_metric }}, highest first. {{ published.verdict }}</p>
{% call scroll("Order of the families") %}
<table>
<thead><tr><th scope="col">Published</th><th scope="col">Here</th><th scope="col" class="number">Mean</th></tr></thead>
<tbody>
{% for row in published.order %}
<tr><td>{{ row.published }}</td><td>{{ row.here }}</td><td class="number">{{ row.mean }}</td></tr>
{% endfor %}
</tbody>
</table>
{% endcall %}
{% endif %}

</section>
{% endif %}
{% for figure in figures %}
<section id="{{ figure.id }}">
<h2>{{ figure.title }}</h2>
<figure>
{% call scroll(figure.title, "card") %}<img src="{{ figure.source }}" alt="{{ figure.alt }}">{% endcall %}

<p class="hint">Swipe the figure sideways to see all of it.</p>
<figcaption>{{ figure.caption }}</figcaption>
</figure>
</section>
{% endfor %}
<section id="viewing">
<h2>Viewing conditions</h2>
{% call scroll("Viewing conditions") %}
<table>
<thead><tr><th scope="col">View</th><th scope="col">What it is</th><th scope="col">Role</th>
<th scope="col" class="number">Field of view</th><th scope="col" class="number">Luminance</th>
<th scope="col" class="number">Defocus</th></tr></thead>
<tbody>
{% for view in viewing %}
<tr><th scope="row">{{ view.name }}</th><td>{{ view.about }}</td><td>{{ view.role }}</td>
{% if view.looking %}
<td class="number">{{ "%g" | format(view.looking.field_of_view) }}°</td>
<td class="number">{{ "%g" | format(view.looking.luminance) }} cd/m²</td>
<td class="number">{{ "%g" | format(view.looking.defocus) }} D</td>
{% else %}
<td class="number">–</td><td class="number">–</td><td class="number">–</td>
{% endif %}
</tr>
{% endfor %}
</tbody>
</table>
{% endcall %}

<h3>What the field of view means</h3>
<p>The field of view says how many degrees of what an eye sees the width of a frame spans.
{% for field in fields %}
{{ "%g" | format(field.degrees) }}° is a picture {{ "%.0f" | format(field.width) }} cm wide, seen from one metre.
{% endfor %}
It sets how much an eye’s blur matters: a cat makes out gratings up to about {{ limit }} cycles per degree, whatever the
pixels of a photograph. To carry such a grating a picture needs at least two pixels per cycle, so {{ enough }} pixels
per degree. With fewer, part of what a cat would lose is lost to the pixels already, in the reference too, and the
comparison would look better than it is.</p>
{% if resolution %}
{% call scroll("Pixels per degree") %}
<table>
<thead><tr><th scope="col">Where</th><th scope="col">Picture</th><th scope="col" class="number">Field of view</th>
<th scope="col" class="number">Pixels per degree</th><th scope="col" class="number">Finest grating</th>
<th scope="col">Holds {{ limit }} cycles per degree</th></tr></thead>
<tbody>
{% for row in resolution %}
<tr><th scope="row">{{ row.label }}</th><td>{{ row.input }}</td>
<td class="number">{{ "%g" | format(row.field) }}°</td>
<td class="number">{{ "%.1f" | format(row.density) }}</td>
<td class="number">{{ "%.1f" | format(row.density / 2) }} c/deg</td>
<td>{% if row.enough %}yes{% else %}<span class="warn">no: under {{ enough }} px per degree; a smaller field of view
helps</span>{% endif %}</td></tr>
{% endfor %}
</tbody>
</table>
{% endcall %}
{% endif %}

</section>
<section id="numbers">
<h2>The numbers</h2>
<p>Agreement with “{{ spec.reference }}”, and its {{ interval }} below it. A click on a heading, or Enter while it has
the focus, sorts by it. “Pooling” is how a layer became one vector: cls is the class token, mean the mean over
positions.</p>
<h3>Means over layers</h3>
{% call scroll("Means over layers", "tall") %}
<table>
{{ head(["Encoder", "Pooling", "View"], metrics) }}
<tbody>
{% for row in summary %}
<tr><th scope="row">{{ row.encoder }}</th><td>{{ row.pooling }}</td><td>{{ row.view }}</td>
{% for one in row.cells %}{{ cell(one) }}{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
{% endcall %}

{% if shares %}
<h3>Parts of the eye</h3>
<p>The loss from “{{ spec.reference }}” to “{{ spec.attribution.view }}”, mean over layers, and what of it is due to
each part; the parts sum to the whole.</p>
{% call scroll("Parts of the eye", "tall") %}
<table>
{{ head(["Encoder", "Pooling", "Measure"], ["Whole loss", "Pupil and optics", "Acuity", "Colour", "Rods"]) }}
<tbody>
{% for row in shares %}
<tr><th scope="row">{{ row.encoder }}</th><td>{{ row.pooling }}</td><td>{{ row.metric }}</td>
{% for one in row.cells %}{{ cell(one) }}{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
{% endcall %}

{% endif %}
<h3>Single layers</h3>
{% for table in layers %}
<details>
<summary>{{ table.label }}</summary>
{% call scroll("Layers of " ~ table.label, "tall") %}
<table>
{{ head(["Layer", "Depth", "Pooling", "View"], metrics) }}
<tbody>
{% for row in table.rows %}
<tr><th scope="row">{{ row.layer }}</th><td>{{ row.depth }}</td><td>{{ row.pooling }}</td><td>{{ row.view }}</td>
{% for one in row.cells %}{{ cell(one) }}{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
{% endcall %}

</details>
{% else %}
<p>Too many to show here; they are in <code>metrics.parquet</code>.</p>
{% endfor %}
</section>
<section id="encoders">
<h2>Encoders</h2>
<dl class="encoders">
{% for encoder in encoders %}
<dt>{{ encoder.label }} <span class="tag">{{ encoder.family }}</span>
<span class="tag">{{ encoder.training }}</span></dt>
<dd>{{ encoder.note }} Licence of the weights: {{ encoder.licence or "not stated" }}.</dd>
{% endfor %}
</dl>
</section>
<section id="photos">
<h2>Photographs</h2>
<p>Shown here in part or whole, made small; elsewhere in this report as the views make them.</p>
<ul class="photos">
{% for photo in photos %}
<li>{% if photo.source is defined %}<img src="{{ photo.source }}" alt="{{ photo.title }}" loading="lazy">{% endif %}
<strong>{{ photo.title }}</strong>
{% if photo.author %}<span>{{ photo.author }}</span>{% endif %}
{% if photo.licence %}<span>{{ photo.licence }}</span>{% endif %}
{% if photo.link %}<a href="{{ photo.link }}" rel="noopener noreferrer">source<span class="skip">\
 of {{ photo.title }}</span></a>{% endif %}
<span>{{ photo.count }} frame{{ "" if photo.count == 1 else "s" }}</span></li>
{% endfor %}
</ul>
{% if photos_left %}
<p>And {{ photos_left }} more, in the tables of frames.</p>
{% endif %}
<h3>Files that could not be used</h3>
{% if rejected %}
{% call scroll("Files that could not be used", "tall") %}
<table>
{{ head(["File", "Reason", "Detail"], []) }}
<tbody>
{% for file in rejected %}
<tr><td>{{ file.path }}</td><td>{{ file.reason }}</td><td>{{ file.detail or "" }}</td></tr>
{% endfor %}
</tbody>
</table>
{% endcall %}
{% else %}
<p>None.</p>
{% endif %}
{% if rejected_left %}
<p>And {{ rejected_left }} more, in <code>rejected.parquet</code>.</p>
{% endif %}

</section>
<section id="provenance">
<h2>Provenance</h2>
<p>Every table in a study carries the digest of its rows. Two studies with the same digests hold the same numbers.</p>
<details>
<summary>Tables</summary>
{% call scroll("Tables") %}
<table>
<thead><tr><th scope="col">Table</th><th scope="col" class="number">Rows</th><th scope="col">SHA-256 of the rows</th>
<th scope="col">Made with</th></tr></thead>
<tbody>
{% for source in sources %}
<tr><th scope="row">{{ source.name }}</th><td class="number">{{ source.rows }}</td>
<td><code>{{ source.content[:16] }}</code></td>
<td>{% for key, value in source.facts.items() %}{{ key }} {{ value }}{{ "" if loop.last else ", " }}{% endfor %}</td>
</tr>
{% endfor %}
</tbody>
</table>
{% endcall %}
{% if sources_left %}
<p>And {{ sources_left }} more.</p>
{% endif %}

</details>
<details>
<summary>Versions</summary>
{% call scroll("Versions") %}
<table>
<thead><tr><th scope="col">Package</th><th scope="col">Version</th></tr></thead>
<tbody>
{% for name, version in versions %}
<tr><th scope="row">{{ name }}</th><td>{{ version }}</td></tr>
{% endfor %}
</tbody>
</table>
{% endcall %}

</details>
<details>
<summary>Configuration</summary>
<pre tabindex="0">{{ spec.config }}</pre>
</details>
</section>
</main>
<footer><p>Made by catsight. This file holds all it shows and needs no connection.</p></footer>
<script>{{ script | safe }}</script>
</body>
</html>
"""
