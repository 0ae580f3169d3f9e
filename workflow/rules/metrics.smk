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
