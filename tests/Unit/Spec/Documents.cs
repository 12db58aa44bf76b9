using System.Text;
using Engine.Diagnostics;
using Engine.Spec;

namespace Engine.Tests.Unit.Spec;

/// <summary>Example documents: our own beside this file, and the specification's where they are at hand.</summary>
internal static class Documents
{
    /// <summary>Our own examples, as they lie beside the test assembly.</summary>
    public static string Own => Path.Combine(AppContext.BaseDirectory, "Spec", "examples");

    /// <summary>
    /// The specification's schemas and examples, which are not part of this repository: ENGINE_OCI_SCHEMA, or
    /// shared/oci-schema in a directory above. Null when there are none.
    /// </summary>
    public static string? OciSchema
    {
        get
        {
            if (Environment.GetEnvironmentVariable("ENGINE_OCI_SCHEMA") is { Length: > 0 } named)
                return named;
            for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
            {
                var candidate = Path.Combine(dir.FullName, "shared", "oci-schema");
                if (File.Exists(Path.Combine(candidate, "config-schema.json")))
                    return candidate;
            }
            return null;
        }
    }

    public static RuntimeSpec Load(string json) => ConfigLoader.Load(Encoding.UTF8.GetBytes(json), "config.json");

    public static ConfigException Refused(string json) => Refused(Encoding.UTF8.GetBytes(json));

    public static ConfigException Refused(byte[] utf8) => Assert.Throws<ConfigException>(() => ConfigLoader.Load(utf8, "config.json"));

    /// <summary>The runnable example, for tests that break one thing in it.</summary>
    public static RuntimeSpec Runnable() => ConfigLoader.Load(File.ReadAllBytes(Path.Combine(Own, "config", "good", "runnable.json")), "runnable.json");
}

/// <summary>A test that needs the specification's schemas; without them it is skipped, with the reason.</summary>
public sealed class OciSchemaFactAttribute : FactAttribute
{
    public OciSchemaFactAttribute()
    {
        if (Documents.OciSchema is null)
            Skip = "the OCI schemas are not here (ENGINE_OCI_SCHEMA, or shared/oci-schema in a directory above); our own examples were tested";
    }
}
