using Engine.Rpc.Client;
using Engine.Spec;

namespace Engine.Monitor;

/// <summary>From the configuration's hooks to requests.</summary>
public static class HookCalls
{
    /// <summary>Call of <paramref name="hook"/>, which reads a state document with <paramref name="status"/>.</summary>
    public static HookCall Of(HookSpec hook, string status) => new(hook.Path, hook.Args, hook.Env, Milliseconds(hook.Timeout), status);

    // A timeout that does not fit is as good as none; 0 on the wire is none, and the specification allows no 0.
    private static uint Milliseconds(long? seconds) => seconds is { } s and > 0 && s <= uint.MaxValue / 1000 ? (uint)s * 1000 : 0;
}
