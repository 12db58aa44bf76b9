using System.Text.Json.Nodes;

namespace Engine.Tests.Integration.Support;

/// <summary>
/// An OCI bundle in the making: a busybox root filesystem and a config.json. A test states only what it is about; the rest
/// is <see cref="BundleDefaults"/>. <see cref="Path"/> writes the config, so it is asked for last.
/// </summary>
public sealed class Bundle
{
    private readonly string _path;
    private string? _raw;

    /// <summary>Makes the bundle with its root filesystem in a new directory.</summary>
    public Bundle(string path)
    {
        _path = path;
        Rootfs = System.IO.Path.Combine(path, "rootfs");
        Support.Rootfs.Create(Rootfs);
    }

    /// <summary>The config, for what has no method here.</summary>
    public JsonObject Config { get; } = BundleDefaults.Config();

    public JsonObject Process => Config["process"]!.AsObject();

    public JsonObject Linux => Config["linux"]!.AsObject();

    /// <summary>Host path of the root filesystem.</summary>
    public string Rootfs { get; }

    /// <summary>Done whenever the bundle is about to be used, after the config was written; gets its path.</summary>
    public Action<string>? Ready { get; set; }

    /// <summary>Host path of the bundle; writes config.json as it is now.</summary>
    public string Path
    {
        get
        {
            File.WriteAllText(System.IO.Path.Combine(_path, "config.json"), _raw ?? Config.ToJsonString());
            Ready?.Invoke(_path);
            return _path;
        }
    }

    public Bundle Args(params string[] args) => Set(Process, "args", BundleDefaults.Strings(args));

    /// <summary>The payload is a busybox shell with this script.</summary>
    public Bundle Shell(string script) => Args("/bin/sh", "-c", script);

    /// <summary>The payload is the probe with these verbs.</summary>
    public Bundle Probe(params string[] args) => Args([.. args.Prepend("/probe")]);

    public Bundle WithCwd(string path) => Set(Process, "cwd", path);

    public Bundle WithEnvironment(params string[] entries)
    {
        var list = Process["env"]!.AsArray();
        foreach (var entry in entries)
        {
            list.Add(entry);
        }
        return this;
    }

    public Bundle WithUser(uint uid, uint gid, params uint[] additional)
    {
        var user = new JsonObject { ["uid"] = uid, ["gid"] = gid };
        if (additional.Length > 0)
        {
            user["additionalGids"] = new JsonArray(additional.Select(g => (JsonNode)JsonValue.Create(g)).ToArray());
        }
        return Set(Process, "user", user);
    }

    public Bundle WithTerminal(int rows = 0, int columns = 0)
    {
        Process["terminal"] = true;
        if (rows > 0)
        {
            Process["consoleSize"] = new JsonObject { ["height"] = rows, ["width"] = columns };
        }
        return this;
    }

    public Bundle WithRlimit(string type, ulong soft, ulong hard) =>
        Add(Process, "rlimits", new JsonObject { ["type"] = type, ["soft"] = soft, ["hard"] = hard });

    /// <summary>Exactly these capabilities in the named sets (bounding, effective, permitted, inheritable, ambient); no set named: the first three.</summary>
    public Bundle WithCapabilities(string[] capabilities, params string[] sets)
    {
        var all = new JsonObject();
        foreach (var set in sets.Length > 0 ? sets : ["bounding", "effective", "permitted"])
        {
            all[set] = BundleDefaults.Strings(capabilities);
        }
        return Set(Process, "capabilities", all);
    }

    public Bundle WithReadonlyRoot() => Set(Config["root"]!.AsObject(), "readonly", true);

    public Bundle WithMount(string destination, string type, string source, params string[] options) =>
        Add(Config, "mounts", BundleDefaults.Mount(destination, type, source, options));

    /// <summary>A bind mount; without options it is an ordinary "bind".</summary>
    public Bundle WithBind(string source, string destination, params string[] options) =>
        WithMount(destination, "bind", source, [.. options.Any(o => o.EndsWith("bind", StringComparison.Ordinal)) ? options : options.Prepend("bind")]);

    public Bundle WithoutMount(string destination)
    {
        var mounts = Config["mounts"]!.AsArray();
        mounts.Remove(mounts.First(m => (string?)m!["destination"] == destination));
        return this;
    }

    /// <summary>A namespace that is made new, or with a path joined. Replaces an entry of the same type.</summary>
    public Bundle WithNamespace(string type, string? path = null)
    {
        WithoutNamespace(type);
        var entry = new JsonObject { ["type"] = type };
        if (path is not null)
        {
            entry["path"] = path;
        }
        return Add(Linux, "namespaces", entry);
    }

    public Bundle WithoutNamespace(string type)
    {
        var list = Linux["namespaces"]!.AsArray();
        foreach (var entry in list.Where(n => (string?)n!["type"] == type).ToList())
        {
            list.Remove(entry);
        }
        return this;
    }

    /// <summary>A user namespace whose ids 0 to size-1 are the host's from <paramref name="host"/> on; the root filesystem is given to them.</summary>
    public Bundle WithUserNamespace(uint host = 200_000, uint size = 65_536)
    {
        WithNamespace("user");
        foreach (var name in new[] { "uidMappings", "gidMappings" })
        {
            Add(Linux, name, new JsonObject { ["containerID"] = 0, ["hostID"] = host, ["size"] = size });
        }
        foreach (var entry in Directory.EnumerateDirectories(Rootfs).Append(Rootfs))
        {
            Native.Check(Native.chown(entry, host, host), $"chown {entry}");
        }
        return this;
    }

    public Bundle WithDevice(string path, string type, int major, int minor, int mode = 0x1b6, uint uid = 0, uint gid = 0) =>
        Add(Linux, "devices", new JsonObject { ["path"] = path, ["type"] = type, ["major"] = major, ["minor"] = minor, ["fileMode"] = mode, ["uid"] = uid, ["gid"] = gid });

    public Bundle WithSysctl(string name, string value)
    {
        (Linux["sysctl"] ??= new JsonObject())[name] = value;
        return this;
    }

    public Bundle WithAnnotation(string name, string value)
    {
        (Config["annotations"] ??= new JsonObject())[name] = value;
        return this;
    }

    public Bundle WithCgroupsPath(string path) => Set(Linux, "cgroupsPath", path);

    /// <summary>Edits linux.resources.</summary>
    public Bundle WithResources(Action<JsonObject> edit)
    {
        edit((Linux["resources"] ??= new JsonObject()).AsObject());
        return this;
    }

    /// <summary>A hook that runs a busybox shell script on the host side (or, for the container kinds, busybox of the container).</summary>
    public Bundle WithHook(string kind, string path, string[] args, string[]? environment = null, int timeout = 0)
    {
        var hook = new JsonObject { ["path"] = path, ["args"] = BundleDefaults.Strings(args) };
        if (environment is not null)
        {
            hook["env"] = BundleDefaults.Strings(environment);
        }
        if (timeout > 0)
        {
            hook["timeout"] = timeout;
        }
        return Add((Config["hooks"] ??= new JsonObject()).AsObject(), kind, hook);
    }

    /// <summary>Any other change of the config.</summary>
    public Bundle Edit(Action<JsonObject> edit)
    {
        edit(Config);
        return this;
    }

    /// <summary>config.json with exactly this text.</summary>
    public Bundle Raw(string text)
    {
        _raw = text;
        return this;
    }

    /// <summary>Writes a file into the root filesystem; mode in the usual octal bits.</summary>
    public Bundle WithFile(string path, string content, int mode = 0x1a4)
    {
        var host = Rootfs + path;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(host)!);
        File.WriteAllText(host, content);
        File.SetUnixFileMode(host, (UnixFileMode)mode);
        return this;
    }

    private Bundle Set(JsonObject target, string name, JsonNode value)
    {
        target[name] = value;
        return this;
    }

    private Bundle Add(JsonObject target, string name, JsonNode value)
    {
        (target[name] ??= new JsonArray()).AsArray().Add(value);
        return this;
    }
}
