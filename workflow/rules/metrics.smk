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
