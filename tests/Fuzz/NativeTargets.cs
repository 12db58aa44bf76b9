using System.Globalization;
using System.Text;
using Engine.Rpc;
using Engine.Shared.Policy;
using Engine.Shared.Protocol;
using Engine.Tests.Rpc.Support;

namespace Engine.Tests.Fuzz;

/// <summary>One of the starter's own readers (tests/Fuzz/Native/Readers.cs).</summary>
/// <param name="Name">In messages.</param>
/// <param name="Kind">Its number there.</param>
/// <param name="Seeds">What the inputs are made of.</param>
/// <param name="Words">Put in here and there.</param>
/// <param name="Check">What must hold of an answer: input, status, what was written.</param>
public sealed record NativeTarget(string Name, byte Kind, Func<IReadOnlyList<byte[]>> Seeds, string Words, Action<byte[], byte, byte[]> Check);

/// <summary>Every reader of the starter: what it takes, refuses, and says the same about as the hosted one.</summary>
public static class NativeTargets
{
    private const byte Taken = 0, Refused = 1;

    // Plans and launch records are read in one piece, so that their first byte is not the kind.
    private const int Several = 8;

    public static IReadOnlyList<NativeTarget> All { get; } =
    [
        new("launch", 64, () => Of<Launch>(l => { l.Version = Limits.Version; return l; }), "", Answered),
        new("plan", 65, () => Of<ProcessPlan>(p => p), "", Answered),
        new("plan of a user", 66, () => Of<ProcessPlan>(Harmless), "", Answered),
        new("stage note", 67, () => Of<StageNote>(n => n), "", Answered),
        new("site", 68, () => Targets.Seeds("site"), Targets.SiteWords, Site),
        new("passwd", 69, () => Targets.Seeds("accounts"), ": , 0 4294967295 4294967296 root \n /", Passwd),
    ];

    private static void Answered(byte[] input, byte status, byte[] written) => Assert.InRange(status, Taken, Refused);

    private static void Site(byte[] input, byte status, byte[] written)
    {
        Answered(input, status, written);
        Assert.Equal(Targets.SiteSummary(input), Encoding.ASCII.GetString(written));
    }

    private static void Passwd(byte[] input, byte status, byte[] written)
    {
        Answered(input, status, written);
        Assert.True(written.Length == 0 || written[0] == '/');
        Assert.DoesNotContain((byte)0, written);
        Assert.DoesNotContain((byte)'\n', written);
    }

    private static byte[][] Of<T>(Func<T, T> change)
        where T : struct, IMessage
    {
        var random = new Random(1);
        using var arena = new MessageArena();
        return [.. Enumerable.Range(0, Several).Select(_ => Messages.Encode(change((T)Messages.Random(typeof(T), random, arena)), out var _))];
    }

    // A plan that the policy lets pass if its caller is root, as here.
    private static ProcessPlan Harmless(ProcessPlan plan)
    {
        plan.Uid = plan.Gid = 0;
        plan.Bounding = plan.Permitted = plan.Effective = plan.Inheritable = plan.Ambient = 0;
        plan.ApparmorProfile = plan.SelinuxLabel = plan.ListenerHead = plan.ListenerTail = default;
        plan.ListenerSlotPlusOne = 0;
        plan.Groups = default;
        return plan;
    }
}
