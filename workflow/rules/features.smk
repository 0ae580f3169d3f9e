# Fetched where Snakemake runs: nodes of a cluster often have no network.
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
        spec=spec("weights", of="encoder"),
        # a file may be replaced by an older one, which Snakemake does not notice
        content=lambda wildcards: study.weights_content(wildcards.encoder),
    message:
        "features: weights of {wildcards.encoder}"
    shell:
        "python -m catsight features weights --spec {params.spec:q} --file {input.file:q}"
        " --output {output} 2> {log}"


# Every view in one job, because loading an encoder costs more than looking at a shard. Features
# that the store holds already are linked, not computed.
rule features:
    input:
        weights=rules.weights.output,
        views=expand(f"{RESULTS}/views/{{view}}/{{{{shard}}}}.parquet", view=study.encoder_views),
    output:
        expand(
            f"{RESULTS}/features/{{{{encoder}}}}/{{view}}/{{{{shard}}}}.parquet",
            view=study.encoder_views,
        ),
    log:
        f"{RESULTS}/logs/features/{{encoder}}/{{shard}}.log",
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        **needs.of("features"),
        gpu=int(study.config.features.device not in ("auto", "cpu")),
    params:
        spec=spec("features", of="encoder"),
    message:
        "features: {wildcards.encoder}, shard {wildcards.shard}"
    shell:
        "python -m catsight features extract --spec {params.spec:q} --threads {threads}"
        " --weights {input.weights} --views {input.views} --output {output} 2> {log}"


rule gather_features:
    input:
        rules.gather_views.output,
        features_of(study.views),
    output:
        f"{RESULTS}/features/{{encoder}}/all.parquet",
    log:
        f"{RESULTS}/logs/features/{{encoder}}/all.log",
    localrule: True
    conda:
        "../../envs/base.yaml"
    params:
        frames=frames_folder,
        shards=SHARDS,
        tables=lambda wildcards: each("--tables", f"features/{wildcards.encoder}", study.views),
    message:
        "features: {wildcards.encoder}, all shards"
    shell:
        "python -m catsight gather --frames {params.frames} {params.tables}"
        " --shards {params.shards} --output {output} 2> {log}"


# Views with swapped parts of the eye, which only some encoders may be given.
if study.swaps.views:

    use rule features as features_of_swaps with:
        input:
            weights=rules.weights.output,
            views=expand(f"{RESULTS}/views/{{view}}/{{{{shard}}}}.parquet", view=study.swaps.views),
        output:
            expand(
                f"{RESULTS}/features/{{{{encoder}}}}/{{view}}/{{{{shard}}}}.parquet",
                view=study.swaps.views,
            ),
        log:
            f"{RESULTS}/logs/features/{{encoder}}/{{shard}}-parts.log",
        message:
            "features: {wildcards.encoder}, shard {wildcards.shard}, parts of the eye swapped"


# Views of drawn eyes, which may see some shards alone.
if study.draws.views:

    use rule features as features_of_draws with:
        input:
            weights=rules.weights.output,
            views=expand(f"{RESULTS}/views/{{view}}/{{{{shard}}}}.parquet", view=study.draws.views),
        output:
            expand(
                f"{RESULTS}/features/{{{{encoder}}}}/{{view}}/{{{{shard}}}}.parquet",
                view=study.draws.views,
            ),
        log:
            f"{RESULTS}/logs/features/{{encoder}}/{{shard}}-draws.log",
        message:
            "features: {wildcards.encoder}, shard {wildcards.shard}, drawn eyes"


# Views with parts of drawn eyes, likewise, for encoders whose loss is divided.
if study.draws.swaps:

    use rule features as features_of_drawn_parts with:
        input:
            weights=rules.weights.output,
            views=expand(f"{RESULTS}/views/{{view}}/{{{{shard}}}}.parquet", view=study.draws.swaps),
        output:
            expand(
                f"{RESULTS}/features/{{{{encoder}}}}/{{view}}/{{{{shard}}}}.parquet",
                view=study.draws.swaps,
            ),
        log:
            f"{RESULTS}/logs/features/{{encoder}}/{{shard}}-drawn-parts.log",
        message:
            "features: {wildcards.encoder}, shard {wildcards.shard}, parts of drawn eyes"
