using Engine.Spec;

namespace Engine.Cgroups;

/// <summary>linux.resources.blockIO to blkio (v1) and io (v2).</summary>
internal static class BlockIoResources
{
    private const string WeightAdvice = "weights need the bfq scheduler (or, on v2, io.cost) in the kernel";

    private const string LeafAdvice = "leaf weights went with the CFQ scheduler in kernel 5.0; remove it";

    /// <summary>Adds the writes.</summary>
    public static void Plan(ResourceContext c, BlockIoSpec io)
    {
        if (c.IsSet(io.Weight, "blockIO.weight"))
            PlanWeight(c, Checked(c, io.Weight.GetValueOrDefault(), "blockIO.weight"));
        if (c.IsSet(io.LeafWeight, "blockIO.leafWeight"))
            PlanLeaf(c, "blkio.leaf_weight", "", Checked(c, io.LeafWeight.GetValueOrDefault(), "blockIO.leafWeight"), "blockIO.leafWeight");
        for (var i = 0; i < io.WeightDevice.Length; i++)
            PlanDevice(c, io.WeightDevice[i], $"blockIO.weightDevice[{i}]");
        foreach (var (list, member, v1File, v2Key) in new[]
        {
            (io.ThrottleReadBpsDevice, "blockIO.throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps"),
            (io.ThrottleWriteBpsDevice, "blockIO.throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps"),
            (io.ThrottleReadIopsDevice, "blockIO.throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops"),
            (io.ThrottleWriteIopsDevice, "blockIO.throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops"),
        })
        {
            for (var i = 0; i < list.Length; i++)
                PlanThrottle(c, list[i], $"{member}[{i}]", v1File, v2Key);
        }
    }

    /// <summary>io.weight of a blkio weight: 10..1000 linearly onto 1..10000, as runc and crun have it. io.bfq.weight takes the number as it is.</summary>
    public static ulong IoWeight(ulong weight) => 1 + ((Math.Max(weight, 10) - 10) * 9999 / 990);

    private static void PlanWeight(ResourceContext c, ushort weight)
    {
        var slot = c.Require(Controller(c), "blockIO.weight");
        if (slot.Version == CgroupVersion.V1)
            c.WriteEither(slot, "blockIO.weight", WeightAdvice, ("blkio.weight", $"{weight}"), ("blkio.bfq.weight", $"{weight}"));
        else
            c.WriteEither(slot, "blockIO.weight", WeightAdvice, ("io.bfq.weight", $"{weight}"), ("io.weight", $"{IoWeight(weight)}"));
    }

    private static void PlanDevice(ResourceContext c, WeightDeviceSpec device, string member)
    {
        if (device.Weight is null && device.LeafWeight is null)
            throw c.Refuse(member, "has neither weight nor leafWeight");
        var slot = c.Require(Controller(c), member);
        var number = Number(c, device.Major, device.Minor, member);
        if (c.IsSet(device.Weight, member + ".weight"))
        {
            var weight = Checked(c, device.Weight.GetValueOrDefault(), member + ".weight");
            if (slot.Version == CgroupVersion.V1)
                c.WriteEither(slot, member, WeightAdvice, ("blkio.weight_device", $"{number} {weight}"), ("blkio.bfq.weight_device", $"{number} {weight}"));
            else
                c.WriteEither(slot, member, WeightAdvice, ("io.bfq.weight", $"{number} {weight}"), ("io.weight", $"{number} {IoWeight(weight)}"));
        }
        if (c.IsSet(device.LeafWeight, member + ".leafWeight"))
        {
            var leaf = Checked(c, device.LeafWeight.GetValueOrDefault(), member + ".leafWeight");
            PlanLeaf(c, "blkio.leaf_weight_device", number + " ", leaf, member + ".leafWeight");
        }
    }

    private static void PlanLeaf(ResourceContext c, string v1File, string prefix, ushort weight, string member)
    {
        var slot = c.Require(Controller(c), member);
        if (slot.Version == CgroupVersion.V2)
            throw c.NotOnV2(member, "leaf weight");
        c.Write(slot, v1File, $"{prefix}{weight}", member, advice: LeafAdvice);
    }

    private static void PlanThrottle(ResourceContext c, ThrottleDeviceSpec device, string member, string v1File, string v2Key)
    {
        var slot = c.Require(Controller(c), member);
        var number = Number(c, device.Major, device.Minor, member);
        if (slot.Version == CgroupVersion.V1)
            c.Write(slot, v1File, $"{number} {device.Rate}", member, advice: "the numbers must be those of a whole disk of this machine");
        else
            c.Write(slot, "io.max", $"{number} {v2Key}={(device.Rate == 0 ? "max" : device.Rate)}", member, advice: "the numbers must be those of a whole disk of this machine");
    }

    private static string Controller(ResourceContext c) => c.OnV1("blkio") is not null || c.Unified?.Controllers.Contains("io") != true ? "blkio" : "io";

    private static ushort Checked(ResourceContext c, ushort weight, string member) =>
        weight is >= 10 and <= 1000 ? weight : throw c.Refuse(member, $"{weight} is not within 10 to 1000");

    private static string Number(ResourceContext c, long major, long minor, string member) =>
        major is >= 0 and <= uint.MaxValue && minor is >= 0 and <= uint.MaxValue
            ? $"{major}:{minor}"
            : throw c.Refuse(member, $"{major}:{minor} is no device number");
}
