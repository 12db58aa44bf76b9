using System.Text.Json;
using Engine.Diagnostics;
using Engine.Spec;
using static Engine.Spec.JsonTokens;
using static Engine.Spec.SchemaTypes;
using static Engine.Spec.Shape;

namespace Engine.State;

/// <summary>
/// state.json, read by hand because every command on a container does so first (docs/decisions/0008): the serializer's first use costs
/// as much as all the rest of a <c>start</c>. A test holds the two against each other.
/// </summary>
internal static class StateReader
{
    /// <summary>What a state.json is made of. Nothing is required: the record of a creation that did not end has little.</summary>
    internal static readonly Shape Schema = Object(
        new("ociVersion", Shape.Text),
        new("id", Shape.Text),
        new("status", Shape.Text),
        new("pid", I32),
        new("bundle", Shape.Text),
        new("annotations", TextMap),
        new("createdAt", I64),
        new("startedAt", I64),
        new("finishedAt", I64),
        new("exitCode", I32),
        new("exitDesc", Shape.Text),
        new("attachSocket", Shape.Text),
        new("controlSocket", Shape.Text),
        new("engine", Object(
            new("version", I32),
            new("bootId", Shape.Text),
            new("bootOffset", I64),
            new("unmonitored", Switch),
            new("instance", Switch),
            new("workflow", Shape.Text),
            new("terminal", Switch),
            new("logPath", Shape.Text),
            new("logFormat", Shape.Text),
            new("pidFile", Shape.Text),
            new("uid", U32),
            new("rootfs", Shape.Text),
            new("cgroups", ListOf(Object(
                new("mountpoint", Shape.Text),
                new("path", Shape.Text),
                new("unified", Switch),
                new("freezer", Switch),
                new("controllers", Texts)))),
            new("systemdUnit", Shape.Text),
            new("resctrlGroups", Texts),
            new("resctrlOwn", Shape.Text))),
        new("startTime", U64),
        new("supervisor", Object(new("pid", I32), new("startTime", U64))),
        new("oomKilled", Switch));

    /// <summary>The record; null when these bytes are no state document.</summary>
    public static StateDocument? Read(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return ConfigLoader.Read(utf8, ContainerDirectory.StateFile, Schema, Document);
        }
        catch (ConfigException)
        {
            return null;
        }
    }

    internal static StateDocument Document(ref Utf8JsonReader reader)
    {
        var state = new StateDocument();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "ociVersion": state.OciVersion = Text(ref reader); break;
                case "id": state.Id = Text(ref reader); break;
                case "status": state.Status = Text(ref reader); break;
                case "pid": state.Pid = reader.GetInt32(); break;
                case "bundle": state.Bundle = Text(ref reader); break;
                case "annotations": state.Annotations = Map(ref reader, Text); break;
                case "createdAt": state.CreatedAt = reader.GetInt64(); break;
                case "startedAt": state.StartedAt = reader.GetInt64(); break;
                case "finishedAt": state.FinishedAt = reader.GetInt64(); break;
                case "exitCode": state.ExitCode = reader.GetInt32(); break;
                case "exitDesc": state.ExitDesc = Text(ref reader); break;
                case "attachSocket": state.AttachSocket = Text(ref reader); break;
                case "controlSocket": state.ControlSocket = Text(ref reader); break;
                case "engine": state.Engine = Engine(ref reader); break;
                case "startTime": state.StartTime = reader.GetUInt64(); break;
                case "supervisor": state.Supervisor = Supervisor(ref reader); break;
                case "oomKilled": state.OomKilled = reader.GetBoolean(); break;
                default: reader.Skip(); break;
            }
        }
        return state;
    }

    private static EngineState Engine(ref Utf8JsonReader reader)
    {
        var engine = new EngineState();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "version": engine.Version = reader.GetInt32(); break;
                case "bootId": engine.BootId = Text(ref reader); break;
                case "bootOffset": engine.BootOffset = reader.GetInt64(); break;
                case "unmonitored": engine.Unmonitored = reader.GetBoolean(); break;
                case "instance": engine.Instance = reader.GetBoolean(); break;
                case "workflow": engine.Workflow = Text(ref reader); break;
                case "terminal": engine.Terminal = reader.GetBoolean(); break;
                case "logPath": engine.LogPath = Text(ref reader); break;
                case "logFormat": engine.LogFormat = Text(ref reader); break;
                case "pidFile": engine.PidFile = Text(ref reader); break;
                case "uid": engine.Uid = reader.GetUInt32(); break;
                case "rootfs": engine.Rootfs = Text(ref reader); break;
                case "cgroups": engine.Cgroups = List(ref reader, Cgroup); break;
                case "systemdUnit": engine.SystemdUnit = Text(ref reader); break;
                case "resctrlGroups": engine.ResctrlGroups = List(ref reader, Text); break;
                case "resctrlOwn": engine.ResctrlOwn = Text(ref reader); break;
                default: reader.Skip(); break;
            }
        }
        return engine;
    }

    private static CgroupRecord Cgroup(ref Utf8JsonReader reader)
    {
        var cgroup = new CgroupRecord();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "mountpoint": cgroup.Mountpoint = Text(ref reader); break;
                case "path": cgroup.Path = Text(ref reader); break;
                case "unified": cgroup.Unified = reader.GetBoolean(); break;
                case "freezer": cgroup.Freezer = reader.GetBoolean(); break;
                case "controllers": cgroup.Controllers = List(ref reader, Text); break;
                default: reader.Skip(); break;
            }
        }
        return cgroup;
    }

    private static SupervisorRecord Supervisor(ref Utf8JsonReader reader)
    {
        var supervisor = new SupervisorRecord();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "pid": supervisor.Pid = reader.GetInt32(); break;
                case "startTime": supervisor.StartTime = reader.GetUInt64(); break;
                default: reader.Skip(); break;
            }
        }
        return supervisor;
    }
}
