FIGURES = {figure.name: figure.table for figure in study.figures if figure.table}
# nothing if the study has no such table
ATTRIBUTION, PHYSIOLOGY, RENDERINGS, READOUT = (
    [f"{RESULTS}/{name}.parquet"] if name in study.result_tables else []
    for name in ("attribution", "physiology", "renderings", "readout")
)


# Figures that are drawn from one table of the study alone.
rule figure:
    input:
        lambda wildcards: f"{RESULTS}/{FIGURES[wildcards.figure]}.parquet",
    output:
        picture("{figure}", "Alignment"),
    log:
        f"{RESULTS}/logs/figures/{{figure}}.log",
    wildcard_constraints:
        figure="|".join(FIGURES),
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=spec("figures", of="figure"),
    message:
        "figures: {wildcards.figure}"
    shell:
        "python -m catsight figures {wildcards.figure} --spec {params.spec:q} --table {input}"
        " --output {output} 2> {log}"


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
        spec=spec("figures", name="gallery"),
        frames=frames_folder,
        shards=SHARDS,
        views=each("--views", "views", study.views),
    message:
        "figures: gallery of the views"
    shell:
        "python -m catsight figures gallery --spec {params.spec:q}"
        " --frames {params.frames} {params.views} --shards {params.shards}"
        " --output {output} 2> {log}"


rule parts:
    input:
        frames=FRAMES,
        views=expand(rules.views.output, view=study.part_views, shard=study.shards),
    output:
        picture("parts", "Views"),
    log:
        f"{RESULTS}/logs/figures/parts.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=spec("figures", name="parts"),
        frames=frames_folder,
        shards=SHARDS,
        views=each("--views", "views", study.part_views),
    message:
        "figures: parts of the eye"
    shell:
        "python -m catsight figures parts --spec {params.spec:q}"
        " --frames {params.frames} {params.views} --shards {params.shards}"
        " --output {output} 2> {log}"


rule retrieval:
    input:
        views=rules.gather_views.output,
        pairs=f"{RESULTS}/pairs.parquet",
    output:
        picture("retrieval", "Alignment"),
    log:
        f"{RESULTS}/logs/figures/retrieval.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=spec("figures", name="retrieval"),
        frames=frames_folder,
        shards=SHARDS,
        views=each("--views", "views", study.views),
    message:
        "figures: which frame is taken for which"
    shell:
        "python -m catsight figures retrieval --spec {params.spec:q}"
        " --frames {params.frames} {params.views} --shards {params.shards}"
        " --pairs {input.pairs}"
        " --output {output} 2> {log}"


rule extremes:
    input:
        views=rules.gather_views.output,
        per_frame=f"{RESULTS}/per_frame.parquet",
    output:
        picture("extremes", "Alignment"),
    log:
        f"{RESULTS}/logs/figures/extremes.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=spec("figures", name="extremes"),
        frames=frames_folder,
        shards=SHARDS,
        views=each("--views", "views", study.views),
    message:
        "figures: the scenes that lose most"
    shell:
        "python -m catsight figures extremes --spec {params.spec:q}"
        " --frames {params.frames} {params.views} --shards {params.shards}"
        " --per-frame {input.per_frame}"
        " --output {output} 2> {log}"


rule ranking:
    input:
        metrics=f"{RESULTS}/metrics.parquet",
        contrasts=f"{RESULTS}/contrasts.parquet",
    output:
        picture("ranking", "Alignment"),
    log:
        f"{RESULTS}/logs/figures/ranking.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=spec("figures", name="ranking"),
    message:
        "figures: ranking"
    shell:
        "python -m catsight figures ranking --spec {params.spec:q} --metrics {input.metrics}"
        " --contrasts {input.contrasts} --output {output} 2> {log}"


rule summary:
    input:
        views=rules.gather_views.output,
        metrics=f"{RESULTS}/metrics.parquet",
        attribution=ATTRIBUTION,
    output:
        picture("summary", "Alignment"),
    log:
        f"{RESULTS}/logs/figures/summary.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=spec("figures", name="summary"),
        frames=frames_folder,
        shards=SHARDS,
        views=each("--views", "views", study.views),
    message:
        "figures: summary"
    shell:
        "python -m catsight figures summary --spec {params.spec:q}"
        " --frames {params.frames} {params.views} --shards {params.shards}"
        " --metrics {input.metrics} --attribution {input.attribution}"
        " --output {output} 2> {log}"


rule eyes:
    input:
        rules.portraits.output,
    output:
        picture("eyes", "Views"),
    log:
        f"{RESULTS}/logs/figures/eyes.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=spec("figures", name="eyes"),
    message:
        "figures: the eyes"
    shell:
        "python -m catsight figures eyes --spec {params.spec:q}"
        " --table {input}"
        " --output {output} 2> {log}"


rule report:
    input:
        views=rules.gather_views.output,
        rejected=f"{RESULTS}/frames/rejected.parquet",
        near=f"{RESULTS}/frames/near_duplicates.parquet",
        metrics=f"{RESULTS}/metrics.parquet",
        attribution=ATTRIBUTION,
        physiology=PHYSIOLOGY,
        renderings=RENDERINGS,
        readout=READOUT,
        contrasts=f"{RESULTS}/contrasts.parquet",
        best=f"{RESULTS}/best.parquet",
        features=expand(features_of([study.reference])[0], encoder=study.encoders),
        # pictures of photographs as PNG, which is smaller
        figures=[
            f"{RESULTS}/figures/{figure.name}.{'png' if figure.photographic else 'svg'}"
            for figure in study.figures
        ],
    output:
        report(f"{RESULTS}/report.html", caption="../report/report.rst", category="Report"),
    log:
        f"{RESULTS}/logs/figures/report.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=spec("report"),
        frames=frames_folder,
        shards=SHARDS,
        matched=[f"{RESULTS}/views/{view}" for view in study.matched_views],
    message:
        "figures: report"
    shell:
        "python -m catsight figures report --spec {params.spec:q} --frames {params.frames}"
        " --shards {params.shards} --rejected {input.rejected} --near {input.near}"
        " --metrics {input.metrics} --attribution {input.attribution}"
        " --physiology {input.physiology}"
        " --renderings {input.renderings} --readout {input.readout}"
        " --contrasts {input.contrasts} --best {input.best}"
        " --matched {params.matched} --features {input.features} --figures {input.figures}"
        " --output {output} 2> {log}"
