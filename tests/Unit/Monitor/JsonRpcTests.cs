using System.Text;
using System.Text.Json;
using Engine.Monitor.JsonRpc;
using Engine.Rpc;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;

namespace Engine.Tests.Unit.Monitor;

/// <summary>Formatter and dispatcher; the first theory is section 7 of the specification (jsonrpc.org), example by example.</summary>
public class JsonRpcTests
{
    private readonly JsonRpcDispatcher<string> _dispatcher = new();
    private readonly List<Exception> _defects = [];

    public JsonRpcTests()
    {
        _dispatcher.Add("subtract", ["minuend", "subtrahend"], (p, _) =>
            Result(json => json.WriteNumberValue((int)p.Number("minuend", 100) - (int)p.Number("subtrahend", 100))));
        _dispatcher.Add("sum", ["a", "b", "c"], (p, _) => Result(json => json.WriteNumberValue(p.Number("a", 9) + p.Number("b", 9) + p.Number("c", 9))));
        _dispatcher.Add("get_data", [], (_, _) => Result(json =>
        {
            json.WriteStartArray();
            json.WriteStringValue("hello");
            json.WriteNumberValue(5);
            json.WriteEndArray();
        }));
        _dispatcher.Add("update", ["a", "b", "c", "d", "e"], (_, _) => Result(null));
        _dispatcher.Add("fails", [], (_, _) => throw new RpcException("Kill", null, StageId.Supervisor, "pidfd_send_signal", "4711", Errno.ESRCH, ""));
        _dispatcher.Add("defect", [], (_, _) => throw new InvalidOperationException("a bug"));
    }

    [Theory]
    [InlineData("""{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}""", """{"jsonrpc":"2.0","id":1,"result":19}""")]
    [InlineData("""{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}""", """{"jsonrpc":"2.0","id":2,"result":-19}""")]
    [InlineData("""{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}""", """{"jsonrpc":"2.0","id":3,"result":19}""")]
    [InlineData("""{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}""", null)]
    [InlineData("""{"jsonrpc": "2.0", "method": "foobar"}""", null)]
    [InlineData("""{"jsonrpc": "2.0", "method": "foobar", "id": "1"}""", "-32601 \"1\"")]
    [InlineData("""{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]""", "-32700 null")]
    [InlineData("""{"jsonrpc": "2.0", "method": 1, "params": "bar"}""", "-32600 null")]
    [InlineData("""[ {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method" ]""", "-32700 null")]
    [InlineData("[]", "-32600 null")]
    [InlineData("[1]", "[-32600 null]")]
    [InlineData("[1,2,3]", "[-32600 null,-32600 null,-32600 null]")]
    [InlineData(
        """
        [ {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
          {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"}, {"jsonrpc": "1.0", "foo": "boo"},
          {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"}, {"jsonrpc": "2.0", "method": "get_data", "id": "9"} ]
        """,
        """[{"jsonrpc":"2.0","id":"1","result":7},{"jsonrpc":"2.0","id":"2","result":19},-32600 null,-32601 "5",{"jsonrpc":"2.0","id":"9","result":["hello",5]}]""")]
    [InlineData("""[ {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]}, {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]} ]""", null)]
    public async Task The_examples_of_the_specification(string message, string? answer) => Assert.Equal(answer, await Answer(Encoding.UTF8.GetBytes(message)));

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("{")]
    [InlineData("{}{}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("\"\\ud8")]
    public async Task What_is_no_json_is_a_parse_error(string message) =>
        Assert.Equal("-32700 null", await Answer(Encoding.UTF8.GetBytes(message)));

    [Fact]
    public async Task Bytes_that_are_not_utf8_are_a_parse_error() =>
        Assert.Equal("-32700 null", await Answer([.. "{\"jsonrpc\":\"2.0\",\"method\":\""u8, 0xff, .. "\",\"id\":1}"u8]));

    [Fact]
    public async Task Nesting_without_end_is_a_parse_error() => Assert.Equal("-32700 null", await Answer(Encoding.UTF8.GetBytes(new string('[', 100_000))));

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","method":"\ud800","id":1}""", "-32600 1")]
    [InlineData("""{"jsonrpc":"2.0","method":"sum","params":{"\ud800":1},"id":1}""", "-32602 1")]
    [InlineData("""{"jsonrpc":"2.0","method":"sum","id":{}}""", "-32600 null")]
    [InlineData("""{"jsonrpc":"2.0","method":"sum","params":7,"id":1}""", "-32600 1")]
    [InlineData("""{"jsonrpc":2.0,"method":"sum","id":1}""", "-32600 1")]
    [InlineData("""{"method":"sum","id":1}""", "-32600 1")]
    [InlineData("""{"jsonrpc":"2.0","id":1}""", "-32600 1")]
    [InlineData("""{"jsonrpc":"2.0","method":"sum","params":[1,2,3,4],"id":1}""", "-32602 1")]
    [InlineData("""{"jsonrpc":"2.0","method":"sum","params":[1,2],"id":1}""", "-32602 1")]
    [InlineData("""{"jsonrpc":"2.0","method":"sum","params":[1,2,-1],"id":1}""", "-32602 1")]
    [InlineData("""{"jsonrpc":"2.0","method":"sum","params":[1,2,10],"id":1}""", "-32602 1")]
    [InlineData("""{"jsonrpc":"2.0","method":"sum","params":[1,2,1.5],"id":1}""", "-32602 1")]
    [InlineData("""{"jsonrpc":"2.0","method":"sum","params":[1,2,"3"],"id":1}""", "-32602 1")]
    [InlineData("""{"jsonrpc":"2.0","method":"sum","params":{"a":1,"b":2,"c":3,"d":4},"id":1}""", "-32602 1")]
    public async Task Wrong_requests_have_their_codes(string message, string answer) => Assert.Equal(answer, await Answer(Encoding.UTF8.GetBytes(message)));

    [Theory]
    [InlineData("1.5e3")]
    [InlineData("\"\\u0041\\n\"")]
    [InlineData("12345678901234567890")]
    [InlineData("null")]
    public async Task An_id_comes_back_as_it_was_written(string id) =>
        Assert.Equal($$"""{"jsonrpc":"2.0","id":{{id}},"result":null}""", await Answer(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","method":"update","id":{{id}}}""")));

    [Fact]
    public async Task An_answer_to_nothing_is_dropped() =>
        Assert.Null(await Answer("""{"jsonrpc":"2.0","id":1,"result":{}}"""u8.ToArray()));

    [Fact]
    public async Task A_failed_operation_carries_its_parts()
    {
        using var answer = JsonDocument.Parse(await Raw("""{"jsonrpc":"2.0","method":"fails","id":1}"""u8.ToArray()));
        var error = answer.RootElement.GetProperty("error");
        Assert.Equal(JsonRpcCode.OperationFailed, error.GetProperty("code").GetInt32());
        Assert.Equal("pidfd_send_signal 4711: No such process (ESRCH)", error.GetProperty("message").GetString());
        Assert.Equal("""{"operation":"pidfd_send_signal","path":"4711","errno":3}""", error.GetProperty("data").GetRawText());
        Assert.Empty(_defects);
    }

    [Fact]
    public async Task A_defect_is_an_internal_error_and_is_told()
    {
        Assert.Equal("-32603 1", await Answer("""{"jsonrpc":"2.0","method":"defect","id":1}"""u8.ToArray()));
        Assert.IsType<InvalidOperationException>(Assert.Single(_defects));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"pause":true}""")]
    public void Objects_without_method_and_version_are_control_objects(string message) =>
        Assert.NotNull(JsonRpcFormatter.Parse(Encoding.UTF8.GetBytes(message)).Items.Single().Control);

    private static Task<JsonValue?> Result(JsonValue? value) => Task.FromResult(value);

    private async Task<byte[]> Raw(byte[] message)
    {
        var parsed = JsonRpcFormatter.Parse(message);
        var answers = new List<byte[]>();
        foreach (var item in parsed.Items)
        {
            if (item.Error is { } malformed)
            {
                answers.Add(JsonRpcFormatter.Failure(item.ErrorId, malformed));
            }
            else if (item.Request is { } request)
            {
                var (result, error) = await _dispatcher.Call(request, "caller", _defects.Add);
                if (!request.IsNotification)
                {
                    answers.Add(result is not null ? JsonRpcFormatter.Success(request.Id!, result) : JsonRpcFormatter.Failure(request.Id!, error!));
                }
            }
        }

        return answers.Count == 0 ? [] : parsed.IsBatch ? JsonRpcFormatter.Batch(answers) : answers[0];
    }

    // Errors shortened to code and id: their texts are not the specification's.
    private async Task<string?> Answer(byte[] message)
    {
        byte[] raw = await Raw(message);
        if (raw.Length == 0)
        {
            return null;
        }

        using var document = JsonDocument.Parse(raw);
        return document.RootElement.ValueKind == JsonValueKind.Array
            ? $"[{string.Join(',', document.RootElement.EnumerateArray().Select(Short))}]"
            : Short(document.RootElement);
    }

    private static string Short(JsonElement answer) => answer.TryGetProperty("error", out var error)
        ? $"{error.GetProperty("code").GetInt32()} {answer.GetProperty("id").GetRawText()}"
        : answer.GetRawText();

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"state","\ud800":1}""")]
    [InlineData("""[{"jsonrpc":"2.0","id":1,"\udc00":0,"method":"state"}]""")]
    [InlineData("""{"\ud800":true}""")]
    public void Half_a_character_in_a_name_is_no_request(string text) =>
        Assert.Equal(JsonRpcCode.InvalidRequest, Assert.Single(JsonRpcFormatter.Parse(System.Text.Encoding.UTF8.GetBytes(text)).Items).Error!.Code);
}
