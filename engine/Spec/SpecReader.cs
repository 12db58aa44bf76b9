using System.Text.Json;
using static Engine.Spec.JsonTokens;

namespace Engine.Spec;

/// <summary>
/// From tokens to records, for documents that <see cref="DocumentCheck"/> has accepted: whatever is here has the type the
/// schema says, names are unique, and unknown ones are skipped. Written out rather than generated because it is on the way
/// of every command: the serializer's first use costs 2 ms, this 0.1 ms. A test holds the two against each other.
/// </summary>
internal static partial class SpecReader
{
    public static RuntimeSpec Runtime(ref Utf8JsonReader reader)
    {
        var spec = new RuntimeSpec { OciVersion = "" };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "ociVersion": spec.OciVersion = Text(ref reader); break;
                case "process": spec.Process = Process(ref reader); break;
                case "root": spec.Root = Root(ref reader); break;
                case "hostname": spec.Hostname = Text(ref reader); break;
                case "domainname": spec.Domainname = Text(ref reader); break;
                case "mounts": spec.Mounts = Mounts(ref reader); break;
                case "hooks": spec.Hooks = Hooks(ref reader); break;
                case "annotations": spec.Annotations = Map(ref reader, Text); break;
                case "linux": spec.Linux = Linux(ref reader); break;
                case "windows": spec.Windows = Foreign(ref reader); break;
                case "solaris": spec.Solaris = Foreign(ref reader); break;
                case "vm": spec.Vm = Foreign(ref reader); break;
                case "zos": spec.Zos = Foreign(ref reader); break;
                case "freebsd": spec.FreeBsd = Foreign(ref reader); break;
                default: reader.Skip(); break;
            }
        }
        return spec;
    }

    public static MountSpec[] Mounts(ref Utf8JsonReader reader) => List(ref reader, Mount);

    public static StateSpec State(ref Utf8JsonReader reader)
    {
        var state = new StateSpec { OciVersion = "", Id = "", Status = "", Bundle = "" };
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
                default: reader.Skip(); break;
            }
        }
        return state;
    }

    private static RootSpec Root(ref Utf8JsonReader reader)
    {
        var root = new RootSpec { Path = "" };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "path": root.Path = Text(ref reader); break;
                case "readonly": root.Readonly = reader.GetBoolean(); break;
                default: reader.Skip(); break;
            }
        }
        return root;
    }

    private static MountSpec Mount(ref Utf8JsonReader reader)
    {
        var mount = new MountSpec { Destination = "" };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "destination": mount.Destination = Text(ref reader); break;
                case "type": mount.Type = Text(ref reader); break;
                case "source": mount.Source = Text(ref reader); break;
                case "options": mount.Options = List(ref reader, Text); break;
                case "uidMappings": mount.UidMappings = List(ref reader, Mapping); break;
                case "gidMappings": mount.GidMappings = List(ref reader, Mapping); break;
                default: reader.Skip(); break;
            }
        }
        return mount;
    }

    private static HooksSpec Hooks(ref Utf8JsonReader reader)
    {
        var hooks = new HooksSpec();
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "prestart": hooks.Prestart = List(ref reader, Hook); break;
                case "createRuntime": hooks.CreateRuntime = List(ref reader, Hook); break;
                case "createContainer": hooks.CreateContainer = List(ref reader, Hook); break;
                case "startContainer": hooks.StartContainer = List(ref reader, Hook); break;
                case "poststart": hooks.Poststart = List(ref reader, Hook); break;
                case "poststop": hooks.Poststop = List(ref reader, Hook); break;
                default: reader.Skip(); break;
            }
        }
        return hooks;
    }

    private static HookSpec Hook(ref Utf8JsonReader reader)
    {
        var hook = new HookSpec { Path = "" };
        while (Next(ref reader, out var name))
        {
            switch (name)
            {
                case "path": hook.Path = Text(ref reader); break;
                case "args": hook.Args = List(ref reader, Text); break;
                case "env": hook.Env = List(ref reader, Text); break;
                case "timeout": hook.Timeout = reader.GetInt64(); break;
                default: reader.Skip(); break;
            }
        }
        return hook;
    }

    private static ForeignSpec Foreign(ref Utf8JsonReader reader)
    {
        reader.Skip();
        return new ForeignSpec();
    }
}
