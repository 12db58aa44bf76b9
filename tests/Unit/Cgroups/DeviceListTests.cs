using Engine.Cgroups;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests.Unit.Cgroups;

public class DeviceListTests
{
    /// <summary>devices.list of a fresh cgroup below the root.</summary>
    private const string Fresh = "a *:* rwm\n";

    [Fact]
    public void On_v1_the_rules_mean_the_same_or_are_refused() => Prop.ForAll(DeviceRules.Lists, rules =>
    {
        if (FromRules(rules) is not { } list)
            return true;
        var kernel = new DevicesController();
        kernel.Write(list.WritesFrom(DeviceList.ParseCurrent(Fresh)));
        return Same(kernel, rules);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void A_change_of_a_running_list_ends_where_a_fresh_one_does() => Prop.ForAll(DeviceRules.Lists, DeviceRules.Lists, (first, second) =>
    {
        if (FromRules(first) is not { } before || FromRules(second) is not { } after)
            return true;
        var kernel = new DevicesController();
        kernel.Write(before.WritesFrom(null));
        kernel.Write(after.WritesFrom(DeviceList.ParseCurrent(kernel.List())));
        return Same(kernel, second);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void A_change_of_one_device_does_not_deny_all_for_a_moment()
    {
        var writes = DeviceList.FromRules([Allow(1, 3), Allow(1, 5)]).WritesFrom(DeviceList.ParseCurrent("c 1:3 rwm\nc 1:7 rw\n"));
        Assert.Equal([("devices.allow", "c 1:5 rwm"), ("devices.deny", "c 1:7 rw")], writes);
    }

    [Fact]
    public void A_hole_in_a_wildcard_is_refused_with_its_path()
    {
        var refusal = Assert.Throws<CgroupException>(() => DeviceList.FromRules(
        [
            new(true, DeviceKind.Char, null, null, DeviceAccess.All, "linux.resources.devices[0]"),
            new(false, DeviceKind.Char, 1, 5, DeviceAccess.Write, "linux.resources.devices[1]"),
        ]));
        Assert.StartsWith("linux.resources.devices[1]: cgroup v1 cannot deny c 1:5", refusal.Message, StringComparison.Ordinal);
    }

    private static DeviceRule Allow(uint major, uint minor) => new(true, DeviceKind.Char, major, minor, DeviceAccess.All, "");

    private static DeviceList? FromRules(DeviceRule[] rules)
    {
        try
        {
            return DeviceList.FromRules(rules);
        }
        catch (CgroupException)
        {
            return null;
        }
    }

    private static bool Same(DevicesController kernel, DeviceRule[] rules) => DeviceRules.Requests.All(r =>
        kernel.Allows(r.Access, r.Kind, r.Major, r.Minor) == DeviceRules.Allows(rules, r.Access, r.Kind, r.Major, r.Minor));

    /// <summary>What security/device_cgroup.c does with writes and requests, for one cgroup below an unrestricted parent.</summary>
    private sealed class DevicesController
    {
        private readonly List<(char Kind, string Major, string Minor, string Access)> _exceptions = [];
        private bool _defaultAllow = true;

        public void Write(IEnumerable<(string File, string Value)> writes)
        {
            foreach (var (file, value) in writes)
                Write(file == "devices.allow", value);
        }

        public string List() => _defaultAllow
            ? Fresh
            : string.Concat(_exceptions.Select(e => $"{e.Kind} {e.Major}:{e.Minor} {e.Access}\n"));

        /// <summary>match_exception for a deny default: one entry must have all; match_exception_partial for an allow default.</summary>
        public bool Allows(DeviceAccess access, DeviceKind kind, uint major, uint minor)
        {
            var wanted = (access.HasFlag(DeviceAccess.Read) ? "r" : "") + (access.HasFlag(DeviceAccess.Write) ? "w" : "")
                + (access.HasFlag(DeviceAccess.Mknod) ? "m" : "");
            var of = _exceptions.Where(e => e.Kind == (kind == DeviceKind.Char ? 'c' : 'b')
                && (e.Major == "*" || e.Major == major.ToString()) && (e.Minor == "*" || e.Minor == minor.ToString()));
            return _defaultAllow ? !of.Any(e => wanted.Any(e.Access.Contains)) : of.Any(e => wanted.All(e.Access.Contains));
        }

        private void Write(bool allow, string value)
        {
            if (value == "a")
            {
                _defaultAllow = allow;
                _exceptions.Clear();
                return;
            }
            var fields = value.Split(' ', ':');
            var at = _exceptions.FindIndex(e => e.Kind == fields[0][0] && e.Major == fields[1] && e.Minor == fields[2]);
            var access = at < 0 ? "" : _exceptions[at].Access;
            if (at >= 0)
                _exceptions.RemoveAt(at);
            access = allow == _defaultAllow
                ? string.Concat(access.Except(fields[3]))
                : string.Concat(access.Union(fields[3]));
            if (access.Length > 0)
                _exceptions.Add((fields[0][0], fields[1], fields[2], access));
        }
    }
}
