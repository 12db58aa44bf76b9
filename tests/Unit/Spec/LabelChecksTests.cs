using Engine.Mounts;
using Engine.Spec;

namespace Engine.Tests.Unit.Spec;

/// <summary>Labels of AppArmor and SELinux: refused where the module is not enabled, carried by the mounts that runc labels.</summary>
public class LabelChecksTests
{
    private const string Label = "system_u:object_r:container_file_t:s0:c1,c2";
    private static readonly HostFacts Everything = new() { AppArmorEnabled = () => true, SelinuxEnabled = () => true };

    [Fact]
    public void Without_its_module_a_label_is_refused_by_its_path()
    {
        var spec = Documents.Runnable();
        (spec.Process!.ApparmorProfile, spec.Process.SelinuxLabel, spec.Linux!.MountLabel) = ("docker-default", "a:b:c:d", Label);
        Assert.Equal(
            ["process.apparmorProfile", "process.selinuxLabel", "linux.mountLabel"],
            Validator.Validate(spec, HostFacts.None).Errors.Select(e => e.JsonPath));
        Assert.Empty(Validator.Validate(spec, Everything).Errors);
    }

    [Fact]
    public void A_label_that_the_policy_does_not_have_is_refused_by_its_path()
    {
        var spec = Documents.Runnable();
        (spec.Process!.SelinuxLabel, spec.Linux!.MountLabel) = ("a:b:c:d", Label);
        Assert.Equal(["process.selinuxLabel", "linux.mountLabel"], Validator.Validate(spec, Everything with { SelinuxKnows = _ => false }).Errors.Select(e => e.JsonPath));
        Assert.Equal(["linux.mountLabel"], Validator.Validate(spec, Everything with { SelinuxKnows = label => label != Label }).Errors.Select(e => e.JsonPath));
    }

    [Fact]
    public void An_empty_label_asks_for_nothing()
    {
        var spec = Documents.Runnable();
        (spec.Process!.ApparmorProfile, spec.Process.SelinuxLabel, spec.Linux!.MountLabel) = ("", "", "");
        Assert.Empty(Validator.Validate(spec, HostFacts.None).Errors);
    }

    [Fact]
    public void A_mount_label_that_no_mount_carries_is_ignored()
    {
        var spec = Documents.Runnable();
        spec.Mounts = [.. spec.Mounts.Where(m => !MountLabels.IsCarriedBy(m))];
        spec.Linux!.MountLabel = Label;
        Assert.Empty(Validator.Validate(spec, HostFacts.None).Errors);
    }

    [Theory]
    [InlineData("tmpfs", true)]
    [InlineData("devpts", true)]
    [InlineData("ext4", true)]
    [InlineData("proc", false)]
    [InlineData("sysfs", false)]
    [InlineData("mqueue", false)]
    [InlineData("cgroup", false)]
    [InlineData("cgroup2", false)]
    [InlineData("bind", false)]
    public void A_filesystem_that_is_the_containers_alone_carries_it(string type, bool carries)
    {
        var mount = new MountSpec { Destination = "/m", Type = type, Source = "s", Options = type == "bind" ? ["bind"] : [] };
        Assert.Equal(carries ? ["context=" + Label] : [], MountLabels.Options(Label, mount));
        Assert.Empty(MountLabels.Options(null, mount));
    }
}
