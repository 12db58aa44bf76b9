using Engine.Cgroups;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests.Unit.Cgroups;

public class DeviceProgramKernelTests
{
    [RootFact]
    public void The_verifier_takes_every_program() => Prop.ForAll(DeviceRules.Lists, rules =>
    {
        DeviceFilter.Load(DeviceProgram.Compile(rules)).Dispose();
        DeviceFilter.Load(DeviceProgram.Compile([.. rules, .. DeviceRule.Defaults])).Dispose();
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [RootFact]
    public void The_verifier_takes_the_longest_program_there_may_be()
    {
        var rules = Enumerable.Range(0, 800).Select(i => new DeviceRule(true, DeviceKind.Char, 300, (uint)i, DeviceAccess.All, "")).ToList();
        DeviceFilter.Load(DeviceProgram.Compile(rules)).Dispose();
    }

    [RootFact]
    public void The_kernel_denies_what_the_program_denies()
    {
        if (CgroupLayout.Read().Unified is null)
            return;
        using var cgroup = new KernelCgroup();
        var unified = cgroup.Slots.Single(s => s.Version == CgroupVersion.V2);
        DeviceFilter.Attach(unified.Directory, DeviceProgram.Compile(
        [
            new(true, DeviceKind.All, null, null, DeviceAccess.All, ""),
            new(false, DeviceKind.Char, 1, 5, DeviceAccess.Write | DeviceAccess.Mknod, ""),
            new(false, DeviceKind.Block, null, null, DeviceAccess.All, ""),
        ]));
        var directory = Directory.CreateTempSubdirectory("engine-test-").FullName;
        try
        {
            var output = cgroup.Output(
                $"cd {directory}; head -c1 /dev/zero >/dev/null && echo read; (echo x >/dev/zero) || echo no-write; (: <>/dev/zero) || echo no-both;" +
                "mknod zero c 1 5 || echo no-mknod; mknod null c 1 3 && echo mknod; mknod disk b 7 200 || echo no-disk; test -c /dev/zero && echo there");
            Assert.Equal(["read", "no-write", "no-both", "no-mknod", "mknod", "no-disk", "there"], output.Split('\n').Where(l => l.Length > 0 && !l.Contains(' ')));
            Assert.Equal(4, output.Split("Operation not permitted").Length - 1);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
