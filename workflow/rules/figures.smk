# Figures that are drawn from one table of the study alone.
rule figure:
    input:
        lambda wildcards: f"{RESULTS}/{study.figures[wildcards.figure]}.parquet",
    output:
        report(
            multiext(f"{RESULTS}/figures/{{figure}}", ".png", ".svg"),
            caption="../report/figure.rst",
            category="Alignment",
        ),
    log:
        f"{RESULTS}/logs/figures/{{figure}}.log",
    wildcard_constraints:
        figure="|".join(figure for figure, table in study.figures.items() if table),
    conda:
        "../../envs/base.yaml"
    params:
        spec=study.figures_spec,
    message:
        "figures: {wildcards.figure}"
    shell:
        "python -m catsight figures {wildcards.figure} --spec {params.spec:q} --table {input} --output {output} 2> {log}"


rule gallery:
    input:
        frames=rules.frames.output.shards,
        views=expand(rules.views.output, view=study.views, shard=study.shards),
    output:
        report(
            multiext(f"{RESULTS}/figures/gallery", ".png", ".svg"),
            caption="../report/gallery.rst",
            category="Views",
        ),
    log:
        f"{RESULTS}/logs/figures/gallery.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=study.figures_spec,
        views=per_view("--views", "views"),
    message:
        "figures: gallery of the views"
    shell:
        "python -m catsight figures gallery --spec {params.spec:q} --frames {input.frames} {params.views}"
        " --output {output} 2> {log}"


if study.subsets:
    ONE_BY_ONE = dict.fromkeys(
        [study.reference, *(study.subsets[part] for part in study.config["attribution"]["parts"]), study.whole]
    )

    rule parts:
        input:
            frames=rules.frames.output.shards,
            views=expand(rules.views.output, view=ONE_BY_ONE, shard=study.shards),
        output:
            report(
                multiext(f"{RESULTS}/figures/parts", ".png", ".svg"),
                caption="../report/parts.rst",
                category="Views",
            ),
        log:
            f"{RESULTS}/logs/figures/parts.log",
        conda:
            "../../envs/base.yaml"
        params:
            spec=study.figures_spec,
            views=per_view("--views", "views", ONE_BY_ONE),
        message:
            "figures: parts of the eye"
        shell:
            "python -m catsight figures parts --spec {params.spec:q} --frames {input.frames} {params.views}"
            " --output {output} 2> {log}"


rule eyes:
    input:
        rules.portraits.output,
    output:
        report(
            multiext(f"{RESULTS}/figures/eyes", ".png", ".svg"),
            caption="../report/eyes.rst",
            category="Views",
        ),
    log:
        f"{RESULTS}/logs/figures/eyes.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=study.figures_spec,
    message:
        "figures: the eyes"
    shell:
        "python -m catsight figures eyes --spec {params.spec:q} --eyes {input} --output {output} 2> {log}"


rule retrieval:
    input:
        frames=rules.frames.output.shards,
        views=expand(rules.views.output, view=study.views, shard=study.shards),
        pairs=rules.merge_pairs.output,
    output:
        report(
            multiext(f"{RESULTS}/figures/retrieval", ".png", ".svg"),
            caption="../report/retrieval.rst",
            category="Alignment",
        ),
    log:
        f"{RESULTS}/logs/figures/retrieval.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=study.figures_spec,
        views=per_view("--views", "views"),
    message:
        "figures: which frame is taken for which"
    shell:
        "python -m catsight figures retrieval --spec {params.spec:q} --frames {input.frames} {params.views}"
        " --pairs {input.pairs} --output {output} 2> {log}"


rule summary:
    input:
        frames=rules.frames.output.shards,
        views=expand(rules.views.output, view=study.views, shard=study.shards),
        metrics=rules.merge_metrics.output,
        attribution=rules.merge_attribution.output if study.subsets else [],
    output:
        report(
            multiext(f"{RESULTS}/figures/summary", ".png", ".svg"),
            caption="../report/summary.rst",
            category="Alignment",
        ),
    log:
        f"{RESULTS}/logs/figures/summary.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=study.figures_spec,
        views=per_view("--views", "views"),
        attribution=lambda wildcards, input: option("--attribution", input.attribution),
    message:
        "figures: summary"
    shell:
        "python -m catsight figures summary --spec {params.spec:q} --frames {input.frames} {params.views}"
        " --metrics {input.metrics} {params.attribution} --output {output} 2> {log}"


rule tables:
    input:
        rules.merge_metrics.output,
    output:
        multiext(f"{RESULTS}/tables/metrics", ".csv", ".tex"),
    log:
        f"{RESULTS}/logs/figures/tables.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=study.figures_spec,
    message:
        "figures: tables"
    shell:
        "python -m catsight figures tables --spec {params.spec:q} --metrics {input} --output {output} 2> {log}"


rule report:
    input:
        frames=rules.frames.output.shards,
        rejected=rules.frames.output.rejected,
        metrics=rules.merge_metrics.output,
        attribution=rules.merge_attribution.output if study.subsets else [],
        features=expand(
            f"{RESULTS}/features/{{encoder}}/{study.reference}/{study.shards[0]}.parquet", encoder=study.encoders
        ),
        matched=expand(rules.views.output, view=study.matched, shard=study.shards),
        figures=[f"{RESULTS}/figures/{figure}.{'png' if figure in PHOTOGRAPHIC else 'svg'}" for figure in study.figures],
    output:
        report(f"{RESULTS}/report.html", caption="../report/report.rst", category="Report"),
    log:
        f"{RESULTS}/logs/figures/report.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=study.report_spec,
        attribution=lambda wildcards, input: option("--attribution", input.attribution),
        matched=lambda wildcards, input: option("--matched", input.matched),
    message:
        "figures: report"
    shell:
        "python -m catsight figures report --spec {params.spec:q} --frames {input.frames} --rejected {input.rejected}"
        " --metrics {input.metrics} {params.attribution} {params.matched} --features {input.features}"
        " --figures {input.figures} --output {output} 2> {log}"
