namespace Engine.Cgroups;

/// <summary>
/// Device rules as the v1 devices controller holds them: a default and a list of exceptions to it
/// (Documentation/admin-guide/cgroup-v1/devices.rst). An exception may be broad, but nothing can be taken out of a broad
/// one, and the kernel lets one exception answer for a whole open; both are dealt with here, so that v1 decides what
/// <see cref="DeviceProgram"/> decides, or the rule is refused.
/// </summary>
internal sealed class DeviceList
{
    private readonly SortedDictionary<DeviceSet, DeviceAccess> _exceptions = [];
    private bool _defaultAllow;

    /// <summary>Devices one exception speaks of; null is every number. Ordered, so that a list is always written the same way.</summary>
    private readonly record struct DeviceSet(DeviceKind Kind, uint? Major, uint? Minor) : IComparable<DeviceSet>
    {
        public bool Covers(DeviceSet other) =>
            Kind == other.Kind && (Major is null || Major == other.Major) && (Minor is null || Minor == other.Minor);

        public bool Overlaps(DeviceSet other) =>
            Kind == other.Kind
            && (Major is null || other.Major is null || Major == other.Major)
            && (Minor is null || other.Minor is null || Minor == other.Minor);

        public int CompareTo(DeviceSet other) =>
            (Kind, Major ?? -1L, Minor ?? -1L).CompareTo((other.Kind, other.Major ?? -1L, other.Minor ?? -1L));

        public override string ToString() => $"{(Kind == DeviceKind.Char ? 'c' : 'b')} {Number(Major)}:{Number(Minor)}";

        private static string Number(uint? number) => number is { } n ? n.ToString() : "*";
    }

    /// <summary>Applies the rules in order to an empty deny-by-default list.</summary>
    /// <exception cref="CgroupException">A rule changes a part of what an earlier wildcard rule set, which v1 cannot hold.</exception>
    public static DeviceList FromRules(IReadOnlyList<DeviceRule> rules)
    {
        var list = new DeviceList();
        foreach (var rule in rules)
        {
            if (rule.CoversAllDevices && rule.Access == DeviceAccess.All)
            {
                list._defaultAllow = rule.Allow;
                list._exceptions.Clear();
                continue;
            }
            if (rule.Kind != DeviceKind.Block)
                list.Apply(rule, new DeviceSet(DeviceKind.Char, rule.Major, rule.Minor));
            if (rule.Kind != DeviceKind.Char)
                list.Apply(rule, new DeviceSet(DeviceKind.Block, rule.Major, rule.Minor));
        }
        return list;
    }

    /// <summary>Text of devices.list. Null when it cannot be the start of a change: the kernel does not show what an allow-by-default list denies.</summary>
    public static DeviceList? ParseCurrent(string? text)
    {
        var list = new DeviceList();
        foreach (var line in (text ?? "a").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split(' ', ':');
            if (fields.Length != 4 || fields[0] is not ("b" or "c") || !IsNumber(fields[1]) || !IsNumber(fields[2]))
                return null;
            var kind = fields[0] == "c" ? DeviceKind.Char : DeviceKind.Block;
            list._exceptions[new DeviceSet(kind, ParseNumber(fields[1]), ParseNumber(fields[2]))] = ParseAccess(fields[3]);
        }
        return list;
    }

    /// <summary>
    /// Writes that turn the current list into this one. From a known deny-by-default list only the difference is written,
    /// so that a running payload never meets a moment in which everything is denied.
    /// </summary>
    /// <param name="current">From <see cref="ParseCurrent"/>; null when unknown or fresh.</param>
    public IEnumerable<(string File, string Value)> WritesFrom(DeviceList? current)
    {
        var target = _defaultAllow ? _exceptions : Closed();
        var (excepting, restoring) = _defaultAllow ? ("devices.deny", "devices.allow") : ("devices.allow", "devices.deny");
        var before = new SortedDictionary<DeviceSet, DeviceAccess>();
        if (current is null || current._defaultAllow || _defaultAllow)
            yield return (restoring, "a");
        else
            before = current._exceptions;
        foreach (var (exception, access) in target)
        {
            var gained = access & ~before.GetValueOrDefault(exception);
            if (gained != DeviceAccess.None)
                yield return (excepting, $"{exception} {Letters(gained)}");
        }
        foreach (var (exception, access) in before)
        {
            var lost = access & ~target.GetValueOrDefault(exception);
            if (lost != DeviceAccess.None)
                yield return (restoring, $"{exception} {Letters(lost)}");
        }
    }

    private void Apply(DeviceRule rule, DeviceSet devices)
    {
        if (rule.Allow != _defaultAllow)
        {
            _exceptions[devices] = _exceptions.GetValueOrDefault(devices) | rule.Access;
            return;
        }
        foreach (var (exception, access) in _exceptions.Where(e => e.Key.Overlaps(devices) && (e.Value & rule.Access) != 0).ToList())
        {
            if (!devices.Covers(exception))
            {
                throw new CgroupException(
                    $"{rule.JsonPath}: cgroup v1 cannot {(rule.Allow ? "allow" : "deny")} {devices} out of the earlier {exception} {Letters(access)}",
                    "list the devices without a wildcard, or use a host with cgroup v2");
            }
            if (access == (access & rule.Access))
                _exceptions.Remove(exception);
            else
                _exceptions[exception] = access & ~rule.Access;
        }
    }

    /// <summary>
    /// The kernel allows an open only if one exception has every kind of access that is asked for. So each exception gets
    /// what broader ones allow as well, and two wildcards that cross get an exception for where they meet.
    /// </summary>
    private SortedDictionary<DeviceSet, DeviceAccess> Closed()
    {
        var places = _exceptions.Keys.ToHashSet();
        foreach (var a in _exceptions.Keys)
        {
            foreach (var b in _exceptions.Keys.Where(b => a.Overlaps(b) && !a.Covers(b) && !b.Covers(a)))
                places.Add(new DeviceSet(a.Kind, a.Major ?? b.Major, a.Minor ?? b.Minor));
        }
        var closed = new SortedDictionary<DeviceSet, DeviceAccess>();
        foreach (var place in places)
        {
            closed[place] = _exceptions.Where(e => e.Key.Covers(place))
                .Aggregate(DeviceAccess.None, (all, e) => all | e.Value);
        }
        return closed;
    }

    private static bool IsNumber(string text) => text == "*" || uint.TryParse(text, out _);

    private static uint? ParseNumber(string text) => text == "*" ? null : uint.Parse(text);

    private static DeviceAccess ParseAccess(string letters) =>
        (letters.Contains('r') ? DeviceAccess.Read : 0) | (letters.Contains('w') ? DeviceAccess.Write : 0) | (letters.Contains('m') ? DeviceAccess.Mknod : 0);

    private static string Letters(DeviceAccess access) =>
        (access.HasFlag(DeviceAccess.Read) ? "r" : "") + (access.HasFlag(DeviceAccess.Write) ? "w" : "") + (access.HasFlag(DeviceAccess.Mknod) ? "m" : "");
}
