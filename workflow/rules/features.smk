# Fetched where snakemake runs: nodes of a cluster often have no network, and need none.
rule weights:
    input:
        file=lambda wildcards: study.weights_file(wildcards.encoder),
    output:
        f"{RESULTS}/weights/{{encoder}}.safetensors",
    log:
        f"{RESULTS}/logs/weights/{{encoder}}.log",
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        spec=lambda wildcards: study.weights_spec(wildcards.encoder),
    message:
        "features: weights of {wildcards.encoder}"
    shell:
        "python -m catsight features weights --spec {params.spec:q} --file {input.file:q} --output {output} 2> {log}"


# Every view in one job, because loading an encoder costs more than looking at a shard. The views that are in the store
# already are linked, not computed.
rule features:
    input:
        weights=rules.weights.output,
        views=expand(f"{RESULTS}/views/{{view}}/{{{{shard}}}}.parquet", view=study.shown),
    output:
        expand(
            f"{RESULTS}/features/{{{{encoder}}}}/{{view}}/{{{{shard}}}}.parquet", view=study.shown
        ),
    log:
        f"{RESULTS}/logs/features/{{encoder}}/{{shard}}.log",
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        **needs.of("features"),
        gpu=int(study.config["features"]["device"] not in ("auto", "cpu")),
    params:
        spec=lambda wildcards: study.features_spec(wildcards.encoder),
    message:
        "features: {wildcards.encoder}, shard {wildcards.shard}"
    shell:
        "python -m catsight features extract --spec {params.spec:q} --threads {threads}"
        " --weights {input.weights} --views {input.views} --output {output} 2> {log}"


use rule gather_views as gather_features with:
    input:
        rules.gather_views.output,
        features_of(study.views),
    output:
        f"{RESULTS}/features/{{encoder}}/all.parquet",
    log:
        f"{RESULTS}/logs/features/{{encoder}}/all.log",
    localrule: True
    params:
        tables=lambda wildcards: folders("--tables", f"features/{wildcards.encoder}/{{name}}"),
    message:
        "features: {wildcards.encoder}, all shards"


# The views in which parts of the eye are swapped, which only some encoders may be given.
if study.swapped:

    use rule features as features_of_parts with:
        input:
            weights=rules.weights.output,
            views=expand(f"{RESULTS}/views/{{view}}/{{{{shard}}}}.parquet", view=study.swapped),
        output:
            expand(
                f"{RESULTS}/features/{{{{encoder}}}}/{{view}}/{{{{shard}}}}.parquet",
                view=study.swapped,
            ),
        log:
            f"{RESULTS}/logs/features/{{encoder}}/{{shard}}-parts.log",
        message:
            "features: {wildcards.encoder}, shard {wildcards.shard}, parts of the eye swapped"
