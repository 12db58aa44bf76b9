using System.Text.Json;
using Engine.Rootless;
using Engine.Spec;
using static Engine.Spec.JsonTokens;
using static Engine.Spec.SchemaTypes;
using static Engine.Spec.Shape;

namespace Engine.Lifecycle;

/// <summary>
/// The two datagrams between CLI and master, written and read by hand: both stand on the way to "created", and the serializer's first use
/// costs each of the processes 2 ms (docs/decisions/0008).
/// </summary>
internal static class OrderJson
{
    private static readonly Shape OrderShape = Object(
        new("id", Shape.Text),
        new("bundle", Shape.Text),
        new("stateDirectory", Shape.Text),
        new("logPath", Shape.Text),
        new("logFormat", Shape.Text),
        new("pidFile", Shape.Text),
        new("emptyProcess", Switch),
        new("keepKeyring", Switch),
        new("unmonitored", Switch),
        new("instance", Switch),
        new("systemdCgroup", Switch),
        new("requiresCgroup", Switch),
        new("noCgroup", Switch),
        new("systemdManager", Shape.Text),
        new("workflow", Shape.Text),
        new("rootless", Object(new("uids", ListOf(U32)), new("gids", ListOf(U32)), new("deniesGroups", Switch), new("isConfigs", Switch))),
        new("uid", U32),
        new("trace", Switch));

    private static readonly Shape AnswerShape = Object(
        new("pid", I32),
        new("errors", Texts),
        new("exitCode", I32),
        new("payloadCode", I32),
        new("hookFailed", Switch),
        new("warnings", Texts));

    /// <summary>One object; what is null is left out.</summary>
    public static byte[] Write(CreateOrder order) => JsonText.Of(json =>
    {
        json.WriteString("id", order.Id);
        json.WriteString("bundle", order.Bundle);
        json.WriteString("stateDirectory", order.StateDirectory);
        json.WriteString("logPath", order.LogPath);
        json.WriteString("logFormat", order.LogFormat);
        JsonText.Text(json, "pidFile", order.PidFile);
        json.WriteBoolean("emptyProcess", order.EmptyProcess);
        json.WriteBoolean("keepKeyring", order.KeepKeyring);
        json.WriteBoolean("unmonitored", order.Unmonitored);
        json.WriteBoolean("instance", order.Instance);
        json.WriteBoolean("systemdCgroup", order.SystemdCgroup);
        json.WriteBoolean("requiresCgroup", order.RequiresCgroup);
        json.WriteBoolean("noCgroup", order.NoCgroup);
        JsonText.Text(json, "systemdManager", order.SystemdManager);
        json.WriteString("workflow", order.Workflow);
        if (order.Rootless is { } rootless)
        {
            json.WriteStartObject("rootless");
            JsonText.Numbers(json, "uids", rootless.Uids);
            JsonText.Numbers(json, "gids", rootless.Gids);
            json.WriteBoolean("deniesGroups", rootless.DeniesGroups);
            json.WriteBoolean("isConfigs", rootless.IsConfigs);
            json.WriteEndObject();
        }

        json.WriteNumber("uid", order.Uid);
        json.WriteBoolean("trace", order.Trace);
    });

    /// <inheritdoc cref="Write(CreateOrder)"/>
    public static byte[] Write(CreateAnswer answer) => JsonText.Of(json =>
    {
        json.WriteNumber("pid", answer.Pid);
        JsonText.Texts(json, "errors", answer.Errors);
        json.WriteNumber("exitCode", answer.ExitCode);
        json.WriteNumber("payloadCode", answer.PayloadCode);
        json.WriteBoolean("hookFailed", answer.HookFailed);
        JsonText.Texts(json, "warnings", answer.Warnings);
    });

    /// <exception cref="ConfigException">It is no order.</exception>
    public static CreateOrder ReadOrder(ReadOnlySpan<byte> utf8) => ConfigLoader.Read(utf8, "order to the master", OrderShape, Order);

    /// <exception cref="ConfigException">It is no answer.</exception>
    public static CreateAnswer ReadAnswer(ReadOnlySpan<byte> utf8) => ConfigLoader.Read(utf8, "answer of the master", AnswerShape, Answer);

    private static CreateOrder Order(ref Utf8JsonReader reader)
    {
        var order = new CreateOrder();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "id": order.Id = Text(ref reader); break;
                case "bundle": order.Bundle = Text(ref reader); break;
                case "stateDirectory": order.StateDirectory = Text(ref reader); break;
                case "logPath": order.LogPath = Text(ref reader); break;
                case "logFormat": order.LogFormat = Text(ref reader); break;
                case "pidFile": order.PidFile = Text(ref reader); break;
                case "emptyProcess": order.EmptyProcess = reader.GetBoolean(); break;
                case "keepKeyring": order.KeepKeyring = reader.GetBoolean(); break;
                case "unmonitored": order.Unmonitored = reader.GetBoolean(); break;
                case "instance": order.Instance = reader.GetBoolean(); break;
                case "systemdCgroup": order.SystemdCgroup = reader.GetBoolean(); break;
                case "requiresCgroup": order.RequiresCgroup = reader.GetBoolean(); break;
                case "noCgroup": order.NoCgroup = reader.GetBoolean(); break;
                case "systemdManager": order.SystemdManager = Text(ref reader); break;
                case "workflow": order.Workflow = Text(ref reader); break;
                case "rootless": order.Rootless = Rootless(ref reader); break;
                case "uid": order.Uid = reader.GetUInt32(); break;
                case "trace": order.Trace = reader.GetBoolean(); break;
                default: reader.Skip(); break;
            }
        }
        return order;
    }

    private static RootlessOrder Rootless(ref Utf8JsonReader reader)
    {
        var rootless = new RootlessOrder();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "uids": rootless.Uids = List(ref reader, UInt32); break;
                case "gids": rootless.Gids = List(ref reader, UInt32); break;
                case "deniesGroups": rootless.DeniesGroups = reader.GetBoolean(); break;
                case "isConfigs": rootless.IsConfigs = reader.GetBoolean(); break;
                default: reader.Skip(); break;
            }
        }
        return rootless;
    }

    private static CreateAnswer Answer(ref Utf8JsonReader reader)
    {
        var answer = new CreateAnswer();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "pid": answer.Pid = reader.GetInt32(); break;
                case "errors": answer.Errors = List(ref reader, Text); break;
                case "exitCode": answer.ExitCode = reader.GetInt32(); break;
                case "payloadCode": answer.PayloadCode = reader.GetInt32(); break;
                case "hookFailed": answer.HookFailed = reader.GetBoolean(); break;
                case "warnings": answer.Warnings = List(ref reader, Text); break;
                default: reader.Skip(); break;
            }
        }
        return answer;
    }
}
