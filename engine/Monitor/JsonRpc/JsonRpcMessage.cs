using System.Text.Json;

namespace Engine.Monitor.JsonRpc;

/// <summary>Writes one JSON value: a result, or the params of a notification.</summary>
public delegate void JsonValue(Utf8JsonWriter json);

/// <summary>One call as it was received.</summary>
/// <param name="Id">The id's JSON text; null for a notification, which is not answered.</param>
/// <param name="Method">Name.</param>
/// <param name="Parameters">Object, array, or Undefined for none.</param>
public sealed record JsonRpcRequest(string? Id, string Method, JsonElement Parameters)
{
    /// <summary>No answer is wanted.</summary>
    public bool IsNotification => Id is null;
}

/// <summary>
/// One JSON object that was received: a request, something that is none (<see cref="Error"/> to be told), one of
/// Apptainer's bare control objects, or an answer to something that nobody asked, which is dropped.
/// </summary>
/// <param name="Request">A request.</param>
/// <param name="Error">What is wrong with it.</param>
/// <param name="ErrorId">The id's JSON text for the error's answer.</param>
/// <param name="Control">The object without "jsonrpc" and "method".</param>
public sealed record JsonRpcItem(
    JsonRpcRequest? Request = null, JsonRpcException? Error = null, string ErrorId = "null", JsonElement? Control = null);

/// <summary>One received message.</summary>
/// <param name="IsBatch">The items came in an array, and so go their answers.</param>
/// <param name="Items">At least one.</param>
public sealed record JsonRpcMessage(bool IsBatch, IReadOnlyList<JsonRpcItem> Items);
