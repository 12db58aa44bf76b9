using System.Text.Json;
using Engine.Monitor.JsonRpc;

namespace Engine.Monitor;

/// <summary>
/// Apptainer's control object: no method, no id, but members that say what to do, in any combination, done in this fixed
/// order. It is acknowledged by closing the connection; an error line comes before only when something failed.
/// </summary>
public static class BareControl
{
    // Member, its shape, and what it does; the order is Apptainer's.
    private static readonly (string Name, Func<JsonElement, ControlMethods, Task> Do)[] Members =
    [
        ("startContainer", (value, methods) => If("startContainer", value, methods.Start)),
        ("consoleSize", (value, methods) => Resize(value, methods)),
        ("reopenLog", (value, methods) => If("reopenLog", value, methods.ReopenLog)),
        ("pause", (value, methods) => If("pause", value, methods.Pause)),
        ("resume", (value, methods) => If("resume", value, methods.Resume)),
    ];

    /// <summary>Does what the object says; nothing of it when it holds anything unknown.</summary>
    public static async Task Carry(JsonElement control, ControlMethods methods)
    {
        var members = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in control.EnumerateObject())
        {
            members[Known(member)] = member.Value;
        }

        if (members.Count == 0)
        {
            throw new JsonRpcException(JsonRpcCode.InvalidRequest, $"neither a request nor a control object (members {Names})");
        }

        foreach (var (name, carry) in Members)
        {
            if (members.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                await carry(value, methods);
            }
        }
    }

    private static string Names => string.Join(", ", Members.Select(m => m.Name));

    private static string Known(JsonProperty member)
    {
        foreach (var (name, _) in Members)
        {
            if (member.NameEquals(name))
            {
                return name;
            }
        }

        throw new JsonRpcException(JsonRpcCode.InvalidRequest, $"neither a request nor a control object (members {Names})");
    }

    private static Task If(string name, JsonElement value, Func<Task> action) => value.ValueKind switch
    {
        JsonValueKind.True => action(),
        JsonValueKind.False => Task.CompletedTask,
        _ => throw JsonRpcParameters.Invalid($"{name}: must be true or false"),
    };

    private static Task Resize(JsonElement value, ControlMethods methods)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw JsonRpcParameters.Invalid("consoleSize: must be an object");
        }

        var size = new JsonRpcParameters(value, ["height", "width"]);
        return methods.Resize(size.Number("height", ushort.MaxValue), size.Number("width", ushort.MaxValue));
    }
}
