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


rule profiles:
    input:
        rules.merge_metrics.output,
    output:
        report(
            multiext(f"{RESULTS}/figures/profiles", ".png", ".svg"),
            caption="../report/profiles.rst",
            category="Alignment",
        ),
    log:
        f"{RESULTS}/logs/figures/profiles.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=study.figures_spec,
    message:
        "figures: alignment by layer"
    shell:
        "python -m catsight figures profiles --spec {params.spec:q} --metrics {input} --output {output} 2> {log}"


rule ranking:
    input:
        rules.merge_metrics.output,
    output:
        report(
            multiext(f"{RESULTS}/figures/ranking", ".png", ".svg"),
            caption="../report/ranking.rst",
            category="Alignment",
        ),
    log:
        f"{RESULTS}/logs/figures/ranking.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=study.figures_spec,
    message:
        "figures: ranking of the encoders"
    shell:
        "python -m catsight figures ranking --spec {params.spec:q} --metrics {input} --output {output} 2> {log}"


rule report:
    input:
        frames=rules.frames.output.shards,
        rejected=rules.frames.output.rejected,
        metrics=rules.merge_metrics.output,
        features=expand(
            f"{RESULTS}/features/{{encoder}}/{study.reference}/{study.shards[0]}.parquet", encoder=study.encoders
        ),
        figures=[
            rules.gallery.output[0],
            rules.profiles.output[1],
            rules.ranking.output[1],
            # a study of filters alone has no eye to draw
            *([rules.eyes.output[0]] if study.eyes else []),
        ],
    output:
        report(f"{RESULTS}/report.html", caption="../report/report.rst", category="Report"),
    log:
        f"{RESULTS}/logs/figures/report.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=study.figures_spec,
    message:
        "figures: report"
    shell:
        "python -m catsight figures report --spec {params.spec:q} --frames {input.frames} --rejected {input.rejected}"
        " --metrics {input.metrics} --features {input.features} --figures {input.figures} --output {output} 2> {log}"
