rule metrics:
    input:
        frames=rules.frames.output.shards,
        features=expand(
            f"{RESULTS}/features/{{{{encoder}}}}/{{view}}/{{shard}}.parquet", view=study.views, shard=study.shards
        ),
    output:
        f"{RESULTS}/metrics/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=lambda wildcards: study.metrics_spec(wildcards.encoder),
        features=lambda wildcards: per_view("--features", f"features/{wildcards.encoder}"),
    message:
        "metrics: {wildcards.encoder}"
    shell:
        "python -m catsight metrics compare --spec {params.spec:q} --frames {input.frames} {params.features}"
        " --output {output} 2> {log}"


if study.subsets:

    rule attribution:
        input:
            frames=rules.frames.output.shards,
            features=expand(
                f"{RESULTS}/features/{{{{encoder}}}}/{{view}}/{{shard}}.parquet",
                view=study.subsets.values(),
                shard=study.shards,
            ),
        output:
            f"{RESULTS}/metrics/attribution/{{encoder}}.parquet",
        log:
            f"{RESULTS}/logs/metrics/attribution/{{encoder}}.log",
        conda:
            "../../envs/base.yaml"
        params:
            spec=lambda wildcards: study.attribution_spec(wildcards.encoder),
            features=lambda wildcards: per_view("--features", f"features/{wildcards.encoder}", study.subsets.values()),
        message:
            "metrics: attribution to parts of the eye, of {wildcards.encoder}"
        shell:
            "python -m catsight metrics attribute --spec {params.spec:q} --frames {input.frames} {params.features}"
            " --output {output} 2> {log}"


if study.doses:

    rule doses:
        input:
            frames=rules.frames.output.shards,
            features=expand(
                f"{RESULTS}/features/{{{{encoder}}}}/{{view}}/{{shard}}.parquet",
                view=study.swept,
                shard=study.shards,
            ),
        output:
            f"{RESULTS}/metrics/doses/{{encoder}}.parquet",
        log:
            f"{RESULTS}/logs/metrics/doses/{{encoder}}.log",
        conda:
            "../../envs/base.yaml"
        params:
            spec=lambda wildcards: study.doses_spec(wildcards.encoder),
            features=lambda wildcards: per_view("--features", f"features/{wildcards.encoder}", study.swept),
        message:
            "metrics: dose curves of {wildcards.encoder}"
        shell:
            "python -m catsight metrics doses --spec {params.spec:q} --frames {input.frames} {params.features}"
            " --output {output} 2> {log}"


rule pairs:
    input:
        **rules.metrics.input,
    output:
        f"{RESULTS}/metrics/pairs/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/pairs/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=lambda wildcards: study.pairs_spec(wildcards.encoder),
        features=lambda wildcards: per_view("--features", f"features/{wildcards.encoder}"),
    message:
        "metrics: pairs of frames, of {wildcards.encoder}"
    shell:
        "python -m catsight metrics pairs --spec {params.spec:q} --frames {input.frames} {params.features}"
        " --output {output} 2> {log}"


rule stability:
    input:
        **rules.metrics.input,
    output:
        f"{RESULTS}/metrics/stability/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/stability/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=lambda wildcards: study.stability_spec(wildcards.encoder),
        features=lambda wildcards: per_view("--features", f"features/{wildcards.encoder}"),
    message:
        "metrics: stability of {wildcards.encoder}"
    shell:
        "python -m catsight metrics stability --spec {params.spec:q} --frames {input.frames} {params.features}"
        " --output {output} 2> {log}"


rule layers:
    input:
        **rules.metrics.input,
    output:
        f"{RESULTS}/metrics/maps/views/{{encoder}}.parquet",
    log:
        f"{RESULTS}/logs/metrics/maps/{{encoder}}.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=lambda wildcards: study.maps_spec(wildcards.encoder),
        features=lambda wildcards: per_view("--features", f"features/{wildcards.encoder}"),
    message:
        "metrics: each layer with each, of {wildcards.encoder}"
    shell:
        "python -m catsight metrics layers --spec {params.spec:q} --frames {input.frames} {params.features}"
        " --output {output} 2> {log}"


rule encoders:
    input:
        frames=rules.frames.output.shards,
        features=expand(
            f"{RESULTS}/features/{{encoder}}/{study.reference}/{{shard}}.parquet",
            encoder=study.encoders,
            shard=study.shards,
        ),
    output:
        f"{RESULTS}/metrics/maps/encoders.parquet",
    log:
        f"{RESULTS}/logs/metrics/maps.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=study.maps_spec(),
        features=per_encoder("--features", study.reference),
    message:
        "metrics: each layer with each, of all encoders"
    shell:
        "python -m catsight metrics encoders --spec {params.spec:q} --frames {input.frames} {params.features}"
        " --output {output} 2> {log}"


rule merge_metrics:
    input:
        expand(rules.metrics.output, encoder=study.encoders),
    output:
        f"{RESULTS}/metrics.parquet",
    log:
        f"{RESULTS}/logs/metrics/merge.log",
    conda:
        "../../envs/base.yaml"
    params:
        study=study.name,
    message:
        "metrics: all encoders in one table"
    shell:
        "python -m catsight metrics merge {input} --study {params.study} --output {output} 2> {log}"


use rule merge_metrics as merge_stability with:
    input:
        expand(rules.stability.output, encoder=study.encoders),
    output:
        f"{RESULTS}/stability.parquet",
    log:
        f"{RESULTS}/logs/metrics/merge_stability.log",
    message:
        "metrics: all stability in one table"


use rule merge_metrics as merge_maps with:
    input:
        expand(rules.layers.output, encoder=study.encoders),
        rules.encoders.output,
    output:
        f"{RESULTS}/maps.parquet",
    log:
        f"{RESULTS}/logs/metrics/merge_maps.log",
    message:
        "metrics: all maps in one table"


use rule merge_metrics as merge_pairs with:
    input:
        expand(rules.pairs.output, encoder=study.encoders),
    output:
        f"{RESULTS}/pairs.parquet",
    log:
        f"{RESULTS}/logs/metrics/merge_pairs.log",
    message:
        "metrics: all pairs in one table"


if study.subsets:

    use rule merge_metrics as merge_attribution with:
        input:
            expand(rules.attribution.output, encoder=study.attributed),
        output:
            f"{RESULTS}/attribution.parquet",
        log:
            f"{RESULTS}/logs/metrics/merge_attribution.log",
        message:
            "metrics: all attribution in one table"


if study.doses:

    use rule merge_metrics as merge_doses with:
        input:
            expand(rules.doses.output, encoder=study.encoders),
        output:
            f"{RESULTS}/doses.parquet",
        log:
            f"{RESULTS}/logs/metrics/merge_doses.log",
        message:
            "metrics: all dose curves in one table"
