using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Interlace.Evaluation.Tables;

/// <summary>
/// Spells an enumeration by the names of its members alone. The usual converter also takes numbers, which may be no member,
/// and lists of names, whose sum is another.
/// </summary>
/// <typeparam name="T">An enumeration whose members all have a <see cref="JsonStringEnumMemberNameAttribute"/>.</typeparam>
internal sealed class EnumName<T> : JsonConverter<T> where T : struct, Enum
{
    private static readonly (T Value, string Name)[] Names =
        [.. typeof(T).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => ((T)field.GetValue(null)!, field.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()!.Name))];

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        string? text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        foreach (var (value, name) in Names)
            if (name.Equals(text, StringComparison.OrdinalIgnoreCase)) return value;
        throw new JsonException($"expected {string.Join(", ", Names[..^1].Select(entry => entry.Name))} or {Names[^1].Name}");
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Array.Find(Names, entry => entry.Value.Equals(value)).Name);
}
