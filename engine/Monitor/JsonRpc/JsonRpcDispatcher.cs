using System.Text.Json;

namespace Engine.Monitor.JsonRpc;

/// <summary>Carries one call out. Throws <see cref="JsonRpcException"/>, or what <see cref="JsonRpcException.From"/> understands.</summary>
/// <typeparam name="TCaller">Who calls.</typeparam>
public delegate Task<JsonValue?> JsonRpcHandler<TCaller>(JsonRpcParameters parameters, TCaller caller);

/// <summary>From a method's name to what carries it out, and from any failure to an error. Knows neither bytes nor connections.</summary>
public sealed class JsonRpcDispatcher<TCaller>
{
    private readonly Dictionary<string, (string[] Names, JsonRpcHandler<TCaller> Handler)> _methods = new(StringComparer.Ordinal);

    /// <summary>Names, for messages and documentation.</summary>
    public IEnumerable<string> Methods => _methods.Keys.Order(StringComparer.Ordinal);

    /// <summary>Adds a method; <paramref name="parameterNames"/> in the order in which an array gives them.</summary>
    public void Add(string method, string[] parameterNames, JsonRpcHandler<TCaller> handler) => _methods.Add(method, (parameterNames, handler));

    /// <summary>Calls the method; the task never fails. The result is JSON text; exactly one of it and the error is there.</summary>
    /// <param name="request">The call.</param>
    /// <param name="caller">Handed to the method.</param>
    /// <param name="onDefect">Told of an exception that is nobody's fault but ours.</param>
    public async Task<(byte[]? Result, JsonRpcException? Error)> Call(JsonRpcRequest request, TCaller caller, Action<Exception> onDefect)
    {
        try
        {
            if (!_methods.TryGetValue(request.Method, out var entry))
            {
                throw new JsonRpcException(
                    JsonRpcCode.MethodNotFound, $"no method {JsonSerializer.Serialize(request.Method, JsonRpcText.Default.String)}; there are {string.Join(", ", Methods)}");
            }

            var result = await entry.Handler(new JsonRpcParameters(request.Parameters, entry.Names), caller).ConfigureAwait(false);
            return (JsonRpcFormatter.Value(result), null);
        }
#pragma warning disable CA1031 // No request may end the server.
        catch (Exception error)
#pragma warning restore CA1031
        {
            var known = JsonRpcException.From(error);
            if (known is null)
            {
                onDefect(error);
                known = new JsonRpcException(JsonRpcCode.InternalError, $"internal error in {request.Method}: {error.Message}");
            }

            return (null, known);
        }
    }
}

/// <summary>Strings as JSON, for messages.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class JsonRpcText : System.Text.Json.Serialization.JsonSerializerContext;
