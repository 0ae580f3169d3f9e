# Figures that are drawn from one table of the study alone.
rule figure:
    input:
        lambda wildcards: f"{RESULTS}/{study.figures[wildcards.figure]}.parquet",
    output:
        picture("{figure}", "Alignment", "figure"),
    log:
        f"{RESULTS}/logs/figures/{{figure}}.log",
    wildcard_constraints:
        figure="|".join(figure for figure, table in study.figures.items() if table),
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        figure="{figure}",
        spec=lambda wildcards: study.figures_spec,
    message:
        "figures: {wildcards.figure}"
    shell:
        "python -m catsight figures {params.figure} --spec {params.spec:q} --table {input} --output {output} 2> {log}"


ATTRIBUTION = expand(
    rules.merge.output, table=[table for table in study.tables if table == "attribution"]
)


rule gallery:
    input:
        views=rules.gather_views.output,
    output:
        picture("gallery", "Views"),
    log:
        f"{RESULTS}/logs/figures/gallery.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        figure="gallery",
        spec=lambda wildcards: study.figures_spec,
        views=folders("--views", "views/{name}"),
        tables="",
    message:
        "figures: gallery of the views"
    shell:
        "python -m catsight figures {params.figure} --spec {params.spec:q} {params.views} {params.tables}"
        " --output {output} 2> {log}"


use rule gallery as parts with:
    input:
        frames=FRAMES,
        views=expand(rules.views.output, view=study.one_by_one, shard=study.shards),
    output:
        picture("parts", "Views"),
    log:
        f"{RESULTS}/logs/figures/parts.log",
    localrule: True
    params:
        figure="parts",
        spec=lambda wildcards: study.figures_spec,
        views=folders("--views", "views/{name}", study.one_by_one),
        tables="",
    message:
        "figures: parts of the eye"


use rule gallery as retrieval with:
    input:
        **rules.gallery.input,
        pairs=f"{RESULTS}/pairs.parquet",
    output:
        picture("retrieval", "Alignment"),
    log:
        f"{RESULTS}/logs/figures/retrieval.log",
    localrule: True
    params:
        figure="retrieval",
        spec=lambda wildcards: study.figures_spec,
        views=folders("--views", "views/{name}"),
        tables=option("--pairs", [f"{RESULTS}/pairs.parquet"]),
    message:
        "figures: which frame is taken for which"


use rule gallery as summary with:
    input:
        **rules.gallery.input,
        tables=[f"{RESULTS}/metrics.parquet", *ATTRIBUTION],
    output:
        picture("summary", "Alignment"),
    log:
        f"{RESULTS}/logs/figures/summary.log",
    localrule: True
    params:
        figure="summary",
        spec=lambda wildcards: study.figures_spec,
        views=folders("--views", "views/{name}"),
        tables=" ".join(
            [
                option("--metrics", [f"{RESULTS}/metrics.parquet"]),
                option("--attribution", ATTRIBUTION),
            ]
        ),
    message:
        "figures: summary"


use rule figure as eyes with:
    input:
        rules.portraits.output,
    output:
        picture("eyes", "Views"),
    log:
        f"{RESULTS}/logs/figures/eyes.log",
    localrule: True
    params:
        figure="eyes",
        spec=lambda wildcards: study.figures_spec,
    message:
        "figures: the eyes"


use rule figure as tables with:
    input:
        f"{RESULTS}/metrics.parquet",
    output:
        multiext(f"{RESULTS}/tables/metrics", ".csv", ".tex"),
    log:
        f"{RESULTS}/logs/figures/tables.log",
    localrule: True
    params:
        figure="tables",
        spec=lambda wildcards: study.figures_spec,
    message:
        "figures: tables"


rule report:
    input:
        views=rules.gather_views.output,
        rejected=f"{RESULTS}/frames/rejected.parquet",
        near=f"{RESULTS}/frames/near_duplicates.parquet",
        metrics=f"{RESULTS}/metrics.parquet",
        attribution=ATTRIBUTION,
        features=expand(features_of([study.reference])[0], encoder=study.encoders),
        figures=[f"{RESULTS}/figures/{file}" for file in study.report_figures],
    output:
        report(f"{RESULTS}/report.html", caption="../report/report.rst", category="Report"),
    log:
        f"{RESULTS}/logs/figures/report.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=lambda wildcards: study.report_spec,
        attribution=option("--attribution", ATTRIBUTION),
        matched=option("--matched", [f"{RESULTS}/views/{view}" for view in study.matched]),
        frames=lambda wildcards, input: os.path.dirname(input.rejected),
        shards=len(study.shards),
    message:
        "figures: report"
    shell:
        "python -m catsight figures report --spec {params.spec:q} --frames {params.frames} --shards {params.shards}"
        " --rejected {input.rejected} --near {input.near} --metrics {input.metrics} {params.attribution} {params.matched}"
        " --features {input.features} --figures {input.figures} --output {output} 2> {log}"
