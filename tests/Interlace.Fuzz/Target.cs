using Interlace.Fuzz.Mutations;

namespace Interlace.Fuzz;

/// <summary>One kind of file that the program reads, and the commands that read it.</summary>
/// <param name="Name">How it is called here.</param>
/// <param name="File">The file that is changed, in the folder of <see cref="GoodInputs"/>.</param>
/// <param name="Mutate">A change that knows the format.</param>
/// <param name="Needs">Files and folders that the commands need or write, the file's own among them.</param>
/// <param name="Commands">Command lines, run one after the other in the folder; each must end with 0 or 2.</param>
internal sealed record Target(string Name, string File, Func<byte[], Dice, byte[]> Mutate, string[] Needs, params string[] Commands)
{
    private const string Cpu = " --device cpu --dtype fp32";

    private const string Generate = "generate model Hello --max-new-tokens 2" + Cpu,
        See = "generate model Hello --image image.png --max-new-tokens 1" + Cpu;

    private const string Evaluate = $"evaluate model --benchmarks tables --out evaluated {GoodInputs.Answers}" + Cpu;

    private static string SeeWith(string model) => See.Replace("model", model, StringComparison.Ordinal);

    /// <summary>Its commands take a second: it is tried a quarter as often.</summary>
    public bool Slow { get; init; }

    /// <summary>All kinds of files.</summary>
    public static IReadOnlyList<Target> All { get; } =
    [
        new("weights", "model/model.safetensors", SafeTensors.Mutate, ["model"], "inspect model", Generate) { Slow = true },
        new("gguf", "tiny.gguf", Gguf.Mutate, ["tiny.gguf"], "import tiny.gguf --out imported",
        "generate imported Hello --max-new-tokens 1" + Cpu),
        new("index", "sharded/model.safetensors.index.json", Json.Mutate, ["sharded", "plan.json"], "inspect sharded",
        "prune sharded --plan plan.json --out shorter"),
        new("config", "model/config.json", Json.Mutate, ["model", "plan.json"], "inspect model", Generate,
        "prune model --plan plan.json --out shorter"),
        new("config-of-a-flat-model", "flat/config.json", Json.Mutate, ["flat", "image.png"], "inspect flat", SeeWith("flat")),
        new("config-of-tiles", "tiles/config.json", Json.Mutate, ["tiles", "image.png"], "inspect tiles", SeeWith("tiles")),
        new("config-of-a-crop", "crop/config.json", Json.Mutate, ["crop", "image.png"], "inspect crop", SeeWith("crop")),
        new("config-of-a-split", "split/config.json", Json.Mutate, ["split", "image.png"], "inspect split", SeeWith("split")),
        new("config-of-a-square", "square/config.json", Json.Mutate, ["square", "image.png"], "inspect square", SeeWith("square")),
        new("config-of-experts", "experts/config.json", Json.Mutate, ["experts", "image.png"], "inspect experts", SeeWith("experts")),
        new("image-settings-of-a-split", "split/preprocessor_config.json", Json.Mutate, ["split", "image.png"], SeeWith("split")),
        new("image-settings-of-a-square", "square/preprocessor_config.json", Json.Mutate, ["square", "image.png"], SeeWith("square")),
        new("image-settings-of-tiles", "tiles/preprocessor_config.json", Json.Mutate, ["tiles", "image.png"], SeeWith("tiles")),
        new("image-settings-of-a-crop", "crop/preprocessor_config.json", Json.Mutate, ["crop", "image.png"], SeeWith("crop")),
        new("tokenizer-of-bytes", "crop/tokenizer.json", Json.Mutate, ["crop", "image.png"], SeeWith("crop")),
        new("tokenizer", "model/tokenizer.json", Json.Mutate, ["model"], Generate),
        new("image-settings", "model/preprocessor_config.json", Json.Mutate, ["model", "image.png"], See),
        new("generation-settings", "model/generation_config.json", Json.Mutate, ["model"], Generate),
        new("chat-template", "model/chat_template.json", Json.Mutate, ["model"], Generate),
        new("parquet", "data/set/train.parquet", Parquet.Mutate, ["model", "data"],
        $"calibrate model --data data --out measured {GoodInputs.Sample}" + Cpu) { Slow = true },
        new("sample", "sampled/sample.json", Json.Mutate, ["model", "data", "sampled"], "sample data --rate 0.02 --out sampled",
        $"calibrate model --data sampled --out measured {GoodInputs.Sample}" + Cpu),
        new("table", "tables/Small.tsv", Lines.MutateTable, ["model", "tables"], Evaluate) { Slow = true },
        new("rows-of-tables", "tables/benchmarks.json", Json.Mutate, ["model", "tables"], Evaluate),
        new("png", "image.png", Images.Mutate, ["model", "image.png"], See),
        new("jpeg", "image.jpg", Images.Mutate, ["model", "image.jpg"], See.Replace(".png", ".jpg", StringComparison.Ordinal)),
        new("webp", "image.webp", Images.Mutate, ["model", "image.webp"], See.Replace(".png", ".webp", StringComparison.Ordinal)),
        new("experiment", "experiment.json", Json.Mutate, ["experiment.json", "model", "data", "tables"], "preflight experiment.json"),
        new("plan", "plan.json", Json.Mutate, ["plan.json", "model"], "inspect plan.json", "prune model --plan plan.json --out shorter"),
        new("similarity", "run/similarity.json", Json.Mutate, ["run"], "inspect run/similarity.json",
        "plan run --ratio 0.25 --out other.json", "plan run --compare"),
        new("samples", "run/similarity.samples.safetensors", SafeTensors.Mutate, ["run"], "plan run --stability"),
        new("evidence", "run/evidence/sleb.json", Json.Mutate, ["run"], "inspect run/evidence/sleb.json",
        "plan run --method sleb --ratio 0.1 --out other.json"),
        new("scores-of-layers", "run/evidence/magnitude-block.json", Json.Mutate, ["run"], "inspect run/evidence/magnitude-block.json",
        "plan run --method magnitude-block --ratio 0.1 --out other.json"),
        new("state-of-a-calibration", "begun/similarity.state.safetensors", SafeTensors.Mutate, ["begun", "model", "data"],
        $"calibrate model --data data --out begun {GoodInputs.Sample}" + Cpu) { Slow = true },
        new("state-of-a-tuning", "tuned.training/state.safetensors", SafeTensors.Mutate, ["tuned.training", "shorter", "data"],
        $"finetune shorter --data data --out tuned {GoodInputs.Tuning}" + Cpu) { Slow = true },
        new("samples-of-a-tuning", "tuned.training/samples.store", (source, dice) => Bytes.Mutate(source, dice),
        ["tuned.training", "shorter", "data"], $"finetune shorter --data data --out tuned {GoodInputs.Tuning}" + Cpu) { Slow = true },
        new("log-of-a-tuning", "tuned.training/train.jsonl", Lines.MutateJson, ["tuned.training", "shorter", "data"],
        $"finetune shorter --data data --out tuned {GoodInputs.Tuning}" + Cpu) { Slow = true },
        new("record-of-a-tuning", "recovered/training.json", Json.Mutate, ["recovered"], "inspect recovered",
        "report recovered --out report"),
        new("finished-log-of-a-tuning", "recovered/train.jsonl", Lines.MutateJson, ["recovered"], "inspect recovered",
        "report recovered --out report"),
        new("record-of-a-model", "shorter/interlace.json", Json.Mutate, ["shorter", "model"], "inspect shorter",
        "verify shorter --parent model" + Cpu) { Slow = true },
        new("answers", "evaluated/answers.json", Json.Mutate, ["evaluated", "tables"], "inspect evaluated", "score evaluated"),
        new("predictions", "evaluated/predictions/Small.jsonl", Lines.MutateJson, ["evaluated", "tables", "model"], "score evaluated",
        Evaluate),
        new("times", "evaluated/times/Small.jsonl", Lines.MutateJson, ["evaluated", "tables"], "score evaluated",
        "report evaluated --out report"),
        new("scores", "evaluated/scores.json", Json.Mutate, ["evaluated", "again"], "inspect evaluated", "compare again evaluated",
        "report again evaluated --out report"),
        new("outcomes", "evaluated/outcomes.jsonl", Lines.MutateJson, ["evaluated", "again"], "compare again evaluated"),
        new("replies-of-a-judge", "judge.jsonl", Lines.MutateJson, ["evaluated", "tables", "judge.jsonl"],
        "score evaluated --judge replay --judge-replies judge.jsonl"),
        new("predictions-of-others", "mine.tsv", Lines.MutateTable, ["mine.tsv", "tables"],
        "score mine.tsv --kind yes-no --table tables/Small.tsv --out scored"),
        new("lines-of-others", "mine.jsonl", Lines.MutateJson, ["mine.jsonl"], "score mine.jsonl --kind choice --out scored"),
        new("texts", "texts.jsonl", Lines.MutateJson, ["model", "texts.jsonl"], "evaluate model --texts texts.jsonl --out measured" + Cpu,
        "calibrate model --data texts.jsonl --rate 1 --out calibrated" + Cpu),
        new("packed-texts", "packed.jsonl.gz", (source, dice) => Bytes.Mutate(source, dice), ["model", "packed.jsonl.gz"],
        "evaluate model --texts packed.jsonl.gz --out measured" + Cpu),
        new("choices", "choices.jsonl", Lines.MutateJson, ["model", "choices.jsonl"],
        "evaluate model --choices choices.jsonl --out measured" + Cpu),
        new("likelihoods", "likely/likelihoods.json", Json.Mutate, ["likely", "likelier"], "inspect likely/likelihoods.json",
        "compare likelier likely", "report likelier likely --out report"),
        new("rows-of-texts", "likely/texts/texts.jsonl", Lines.MutateJson, ["likely", "likelier"], "compare likelier likely"),
        new("rows-of-choices", "likely/choices/choices.jsonl", Lines.MutateJson, ["likely", "likelier"], "compare likelier likely"),
        new("messages", "messages.json", Json.Mutate, ["model", "messages.json", "image.png"],
        "trace model --input messages.json --out trace.safetensors" + Cpu),
    ];

    /// <summary>The changed file of a seed: one change in two knows the format, and one input in three has more than one.</summary>
    public byte[] Input(byte[] good, ulong seed)
    {
        var dice = new Dice(seed);
        byte[] bytes = good;
        for (int changes = dice.OneIn(3) ? 2 + dice.Below(3) : 1; changes > 0; changes--)
            bytes = dice.OneIn(3) ? Bytes.Mutate(bytes, dice) : Mutate(bytes, dice);
        return bytes;
    }
}
