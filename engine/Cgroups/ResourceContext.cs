using System.Globalization;

namespace Engine.Cgroups;

/// <summary>
/// What the functions that translate one kind of resource share: where controllers are, what the files say now, and the
/// steps so far. Nothing here changes the machine.
/// </summary>
internal sealed class ResourceContext(
    IReadOnlyList<CgroupSlot> slots, CgroupLayout? layout, string jsonRoot, Func<string, string?> readFile)
{
    private readonly List<CgroupStep> _steps = [];
    private readonly List<CgroupCheck> _checks = [];
    private readonly List<string> _notes = [];

    /// <summary>In order of execution.</summary>
    public IReadOnlyList<CgroupStep> Steps => _steps;

    /// <summary>To look at when the steps are done.</summary>
    public IReadOnlyList<CgroupCheck> Checks => _checks;

    /// <summary>What was asked for and means nothing; for --plan and the log.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>v2 controllers that a resource asked for; they must be enabled in every ancestor.</summary>
    public HashSet<string> RequiredUnified { get; } = [];

    /// <summary>JSON path of a member of the resources object.</summary>
    public string Json(string member) => jsonRoot.Length == 0 ? member : jsonRoot + "." + member;

    /// <summary>The directory with this controller.</summary>
    /// <exception cref="CgroupException">There is none: names the member and says how a controller is brought in.</exception>
    public CgroupSlot Require(string controller, string member)
    {
        var slot = slots.FirstOrDefault(s => s.Controllers.Contains(controller)) ?? throw Missing(controller, member);
        if (slot.Version == CgroupVersion.V2)
            RequiredUnified.Add(controller);
        return slot;
    }

    /// <summary>The cgroup2 directory, with or without controllers; null when there is none.</summary>
    public CgroupSlot? Unified => slots.FirstOrDefault(s => s.Version == CgroupVersion.V2);

    /// <summary>The v1 directory with this controller, or null.</summary>
    public CgroupSlot? OnV1(string controller) =>
        slots.FirstOrDefault(s => s.Version == CgroupVersion.V1 && s.Controllers.Contains(controller));

    /// <summary>What the file says now, trimmed; null when directory or file are not there (a fresh cgroup).</summary>
    public string? Current(CgroupSlot slot, string file) => readFile(slot.Directory + "/" + file)?.Trim();

    /// <summary>A number as control files show it: "max" and -1 are no limit, which is null here; <paramref name="missing"/> where there is no file.</summary>
    public long? CurrentLimit(CgroupSlot slot, string file, long? missing)
    {
        if (Current(slot, file) is not { } text)
            return missing;
        var word = text.Split(' ')[0];
        if (!ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return null;
        // v1 shows no limit as the largest page-aligned number: anything near 2^63.
        return number >= long.MaxValue - 0xffff ? null : (long)number;
    }

    /// <summary>Adds a write.</summary>
    public void Write(CgroupSlot slot, string file, string value, string? member, bool optional = false, string? advice = null) =>
        _steps.Add(new WriteCgroupStep(slot.Slot, slot.Directory, file, value, optional, member is null ? null : Json(member), advice));

    /// <summary>Adds a write of one value under several names, of which the kernel must know one.</summary>
    public void WriteEither(CgroupSlot slot, string member, string advice, params (string File, string Value)[] names)
    {
        foreach (var (file, value) in names)
            Write(slot, file, value, member, optional: true, advice);
        _checks.Add(new CgroupCheck([.. names.Select(n => slot.Directory + "/" + n.File)], Json(member), advice));
    }

    /// <summary>Adds a step of another kind.</summary>
    public void Add(CgroupStep step) => _steps.Add(step);

    /// <summary>Says that a member was understood and changes nothing.</summary>
    public void Note(string member, string text) => _notes.Add($"{Json(member)}: {text}");

    /// <summary>True when the number asks for something; 0 stands for "not set", as in runc, and is noted.</summary>
    public bool IsSet(long? number, string member)
    {
        if (number == 0)
            Note(member, "0 means not set");
        return number is not null and not 0;
    }

    /// <inheritdoc cref="IsSet(long?, string)"/>
    public bool IsSet(ulong? number, string member) => IsSet(number is null ? null : number == 0 ? 0L : 1L, member);

    /// <summary>A refusal of one member.</summary>
    public CgroupException Refuse(string member, string why, string? advice = null) => new($"{Json(member)}: {why}", advice);

    /// <summary>A refusal because cgroup v2 has nothing of the kind.</summary>
    public CgroupException NotOnV2(string member, string what, string? advice = null) =>
        Refuse(member, $"cgroup v2 has no {what}", advice ?? $"remove {Json(member)}");

    /// <summary>A refusal because the controller is in no hierarchy that can be used.</summary>
    public CgroupException Missing(string controller, string member)
    {
        if (layout?.Find(controller) is { ReadOnly: true } readOnly)
            return Refuse(member, $"the cgroup controller '{controller}' is mounted read-only at {readOnly.Mountpoint}", "remount it read-write, or remove the limit");
        if (layout?.Withheld.FirstOrDefault(hierarchy => hierarchy.Controllers.Contains(controller)) is { } withheld)
        {
            return Refuse(
                member,
                $"the cgroup controller '{controller}' ({withheld.Mountpoint}) is not delegated to you, or not to be used",
                slots.Count == 0
                    ? "start it where a cgroup is (systemd-run --user --scope -p Delegate=yes COMMAND), use --systemd-cgroup, or remove the limit"
                    : $"delegated are {string.Join(", ", slots.SelectMany(s => s.Controllers))}; root adds more (Delegate= of user@.service, cgroups = yes in engine.conf), or remove the limit");
        }
        var known = slots.SelectMany(s => s.Controllers).ToList();
        var has = known.Count == 0 ? "there is none" : "there are " + string.Join(", ", known);
        return Refuse(
            member,
            $"the cgroup controller '{controller}' is not available here ({has})",
            layout is null
                ? $"create the container anew where '{controller}' is enabled, or remove the limit"
                : $"enable it (kernel parameter cgroup_enable={controller}, or a mount of the hierarchy), or remove the limit");
    }
}
