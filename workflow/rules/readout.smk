# What a trained head answers, and how far a view changes it.


rule readout:
    input:
        rules.gather_features.output,
    output:
        f"{RESULTS}/metrics/readout/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/readout/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("readout", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.views),
    message:
        "metrics: answers of {wildcards.encoder}"
    shell:
        "python -m catsight metrics readout --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule answers:
    input:
        views=rules.gather_views.output,
        readout=f"{RESULTS}/readout.parquet",
    output:
        picture("answers", "Alignment"),
    log:
        f"{RESULTS}/logs/figures/answers.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        spec=spec("figures", name="answers"),
        frames=frames_folder,
        shards=SHARDS,
        views=each("--views", "views", study.views),
    message:
        "figures: answers that a view changes"
    shell:
        "python -m catsight figures answers --spec {params.spec:q}"
        " --frames {params.frames} {params.views} --shards {params.shards}"
        " --readout {input.readout}"
        " --output {output} 2> {log}"
