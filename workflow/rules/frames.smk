rule frames:
    input:
        photos,
    output:
        shards=expand(f"{RESULTS}/frames/{{shard}}.parquet", shard=study.shards),
        rejected=f"{RESULTS}/frames/rejected.parquet",
    log:
        f"{RESULTS}/logs/frames.log",
    conda:
        "../../envs/base.yaml"
    threads: 4
    params:
        spec=study.frames_spec,
    message:
        "frames: photographs to frames"
    shell:
        "python -m catsight frames --spec {params.spec:q} --output {output.shards} --rejected {output.rejected} 2> {log}"
