using System.Text;
using System.Text.Json.Nodes;

namespace Engine.Tests.Integration.Support;

/// <summary>A client of control.sock that speaks one JSON object a line, as a shell script does.</summary>
public sealed class ControlClient(string path) : SocketReader(path)
{
    private int _next;

    /// <summary>Lines received so far: answers and notifications.</summary>
    public IReadOnlyList<JsonObject> Messages
    {
        get
        {
            var text = Encoding.UTF8.GetString(Received);
            var complete = text[..(text.LastIndexOf('\n') + 1)];
            return complete.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!.AsObject()).ToList();
        }
    }

    /// <summary>Sends a request and waits for its answer, the whole object with "result" or "error".</summary>
    public JsonObject Call(string method, JsonObject? parameters = null)
    {
        var id = ++_next;
        var request = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method };
        if (parameters is not null)
        {
            request["params"] = parameters;
        }
        SendLine(request.ToJsonString());
        return Eventually.Value(() => Messages.FirstOrDefault(m => m["id"]?.GetValueKind() == System.Text.Json.JsonValueKind.Number && (int)m["id"]! == id), $"the answer to {method}");
    }

    /// <summary>As <see cref="Call"/>; fails when the answer is an error. Returns "result".</summary>
    public JsonNode? CallOk(string method, JsonObject? parameters = null)
    {
        var answer = Call(method, parameters);
        Assert.True(answer["error"] is null, $"{method}: {answer.ToJsonString()}");
        return answer["result"];
    }

    /// <summary>Waits for a notification that fits.</summary>
    public JsonObject WaitForNotification(string method, Func<JsonNode?, bool> fits) =>
        Eventually.Value(() => Messages.FirstOrDefault(m => (string?)m["method"] == method && fits(m["params"])), $"notification {method}");

    /// <summary>Sends any text and a newline.</summary>
    public void SendLine(string text) => Send(Encoding.UTF8.GetBytes(text + "\n"));
}
