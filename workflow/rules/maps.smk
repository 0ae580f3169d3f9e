# Every view with each, and every layer with each.


rule matrix:
    input:
        rules.gather_features.output,
    output:
        f"{RESULTS}/metrics/matrix/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/matrix/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("matrix", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.views),
    message:
        "metrics: every view with each, of {wildcards.encoder}"
    shell:
        "python -m catsight metrics matrix --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule maps:
    input:
        rules.gather_features.output,
    output:
        f"{RESULTS}/metrics/maps/views/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/maps/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics"),
    params:
        spec=spec("maps", of="encoder"),
        frames=frames_folder,
        shards=SHARDS,
        features=each_view(study.views),
    message:
        "metrics: each layer with each, of {wildcards.encoder}"
    shell:
        "python -m catsight metrics maps --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"


rule maps_between_encoders:
    input:
        expand(rules.gather_features.output, encoder=study.encoders),
    output:
        f"{RESULTS}/metrics/maps/encoders.parquet",
    log:
        f"{RESULTS}/logs/metrics/maps.log",
    conda:
        "../../envs/base.yaml"
    resources:
        **needs.of("metrics", view=study.reference),
    params:
        spec=spec("maps"),
        frames=frames_folder,
        shards=SHARDS,
        features=" ".join(
            f"--features {encoder} {RESULTS}/features/{encoder}/{study.reference}"
            for encoder in study.encoders
        ),
    message:
        "metrics: each layer with each, of all encoders"
    shell:
        "python -m catsight metrics maps --spec {params.spec:q} --frames {params.frames}"
        " {params.features} --shards {params.shards} --output {output} 2> {log}"
