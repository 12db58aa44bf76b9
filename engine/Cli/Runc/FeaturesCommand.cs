namespace Engine.Cli.Runc;

/// <summary><c>features</c>: the specification's document, as <c>engine features</c> has it.</summary>
public static class FeaturesCommand
{
    /// <summary>Action.</summary>
    public static RuncCommand Build() => new()
    {
        Operands = "",
        Least = 0,
        Most = 0,
        Description = "Show the enabled features, as JSON: features.md of the OCI runtime specification.",
        Run = _ =>
        {
            Console.Out.WriteLine(RuncState.Text(indented: true, json =>
            {
                json.WriteStartObject();
                FeaturesDocument.WriteMembers(json);
                json.WriteEndObject();
            }));
            return 0;
        },
    };
}
