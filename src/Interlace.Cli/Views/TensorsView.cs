using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;
using Spectre.Console;

namespace Interlace.Cli;

/// <summary>The tensors of a safetensors file.</summary>
internal sealed class TensorsView(string path, SafeTensorsFile file)
{
    public JsonNode ToJson() => new JsonObject
    {
        ["kind"] = "tensors",
        ["file"] = path,
        ["metadata"] = new JsonObject(file.Metadata.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value))),
        ["tensors"] = new JsonArray([.. file.Tensors.Select(tensor => (JsonNode)new JsonObject
        {
            ["name"] = tensor.Name,
            ["type"] = tensor.Type.ToString(),
            ["shape"] = new JsonArray([.. tensor.Shape.Select(size => (JsonNode)size)]),
            ["bytes"] = tensor.Bytes,
        })]),
    };

    public void Draw(IAnsiConsole console)
    {
        var table = Layout.Table("tensor", "type", "shape", "size");
        foreach (var tensor in file.Tensors)
            table.AddRow(Markup.Escape(tensor.Name), tensor.Type.ToString(), string.Join(" x ", tensor.Shape), Layout.Bytes(tensor.Bytes));
        console.Write(table);
    }
}
