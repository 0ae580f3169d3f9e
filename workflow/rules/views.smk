rule views:
    input:
        f"{RESULTS}/frames/{{shard}}.parquet",
    output:
        f"{RESULTS}/views/{{view}}/{{shard}}.parquet",
    log:
        f"{RESULTS}/logs/views/{{view}}/{{shard}}.log",
    conda:
        "../../envs/base.yaml"
    params:
        spec=lambda wildcards: study.views_spec(wildcards.view),
    message:
        "views: shard {wildcards.shard} as {wildcards.view}"
    shell:
        "python -m catsight views --spec {params.spec:q} --frames {input} --output {output} 2> {log}"
