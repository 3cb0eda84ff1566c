using System.Text.Json.Nodes;
using Interlace.Importing;
using Interlace.Pruning;
using Interlace.Pruning.Bridging;
using Interlace.Pruning.Sparsity;
using Interlace.Vlm.Checkpoints;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>A model folder as a table.</summary>
internal sealed class ModelView(string folder, ModelSummary model, PruningPlan? plan, SparsityFile? sparsity, BridgeAccount? bridge = null,
    ImportFile? import = null)
{
    private static readonly (ModelPart Part, string Name)[] Names =
        [(ModelPart.Vision, "vision"), (ModelPart.Embeddings, "embeddings"), (ModelPart.DecoderLayers, "decoder layers"),
            (ModelPart.Head, "head"), (ModelPart.Other, "other")];

    public JsonNode ToJson()
    {
        var json = Facts();
        if (bridge is not null) json["bridge"] = new BridgeView(bridge).ToJson();
        if (import is not null) json["import"] = StrictJson.Parse(import.ToJson());
        return json;
    }

    private JsonObject Facts() => new()
    {
        ["kind"] = "model",
        ["folder"] = folder,
        ["family"] = model.ModelType,
        ["layers"] = model.LayerCount,
        ["hidden_size"] = model.HiddenSize,
        ["vision_depth"] = model.VisionDepth,
        ["deepstack_levels"] = model.AddedLevels,
        ["tied_head"] = model.TiedHead,
        ["parameters"] = model.Parameters,
        ["bytes"] = model.Bytes,
        ["parts"] = new JsonObject(Names.Select(name => KeyValuePair.Create(name.Name.Replace(' ', '_'), (JsonNode?)new JsonObject
        {
            ["parameters"] = model.Parts[name.Part].Parameters,
            ["bytes"] = model.Parts[name.Part].Bytes,
        }))),
        ["types"] = new JsonObject(model.Types.Select(type => KeyValuePair.Create(type.Type.ToString(), (JsonNode?)type.Parameters))),
        ["files"] = new JsonObject(model.Files.Select(file => KeyValuePair.Create(file.Name, (JsonNode?)file.Bytes))),
        ["plan"] = plan is null ? null : new PlanView(plan).ToJson(),
        ["sparsity"] = sparsity is null ? null : new SparsityView(sparsity).ToJson(),
    };

    public void Draw(IAnsiConsole console)
    {
        var facts = Layout.Facts();
        facts.AddRow("model", Markup.Escape(folder));
        facts.AddRow("family", Markup.Escape(model.ModelType));
        facts.AddRow("decoder", $"{model.LayerCount} layers, hidden size {model.HiddenSize}");
        if (model.VisionDepth > 0) facts.AddRow("vision", $"{model.VisionDepth} blocks, {model.AddedLevels} DeepStack levels");
        facts.AddRow("head", model.TiedHead ? "tied to the embeddings" : "its own");
        facts.AddRow("type", string.Join(", ",
            model.Types.Select(type => model.Types.Count == 1 ? $"{type.Type}" : $"{type.Type} ({Layout.Count(type.Parameters)})")));
        facts.AddRow("on disk", $"{Layout.Bytes(model.Bytes)} in {model.Files.Count} {(model.Files.Count == 1 ? "file" : "files")}");
        console.Write(facts);

        var parts = Layout.Table("part", "parameters", "share", "on disk");
        foreach (var (part, name) in Names)
            if (model.Parts[part] is { Parameters: > 0 } size)
                parts.AddRow(name, Layout.Count(size.Parameters), Layout.Percent((double)size.Parameters / model.Parameters),
                    Layout.Bytes(size.Bytes));
        parts.AddRow("all", Layout.Count(model.Parameters), Layout.Percent(1), Layout.Bytes(model.Parts.Values.Sum(size => size.Bytes)));
        console.Write(parts);
        if (plan is not null) new PlanView(plan).Draw(console);
        if (sparsity is not null) new SparsityView(sparsity).Draw(console);
        if (bridge is not null) new BridgeView(bridge).Draw(console);
        if (import is not null) ImportView.Draw(console, null, import);
    }
}
