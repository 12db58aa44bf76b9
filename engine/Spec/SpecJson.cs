using System.Text.Json;
using System.Text.Json.Serialization;

namespace Engine.Spec;

/// <summary>Generated JSON metadata of the records in this folder, for writing them. Reading is <see cref="ConfigLoader"/>'s.</summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
    WriteIndented = true)]
[JsonSerializable(typeof(RuntimeSpec))]
[JsonSerializable(typeof(ProcessSpec))]
[JsonSerializable(typeof(ResourcesSpec))]
[JsonSerializable(typeof(StateSpec))]
internal sealed partial class SpecJson : JsonSerializerContext;
