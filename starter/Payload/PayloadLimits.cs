using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Payload;

/// <summary>Resource limits and the session keyring of the payload.</summary>
internal static unsafe class PayloadLimits
{
    /// <summary>A session keyring of its own: the caller's keys are not the payload's. A kernel without keys has none to hide.</summary>
    public static bool NewKeyring()
    {
        if (!PayloadPlan.Has(ProcessFlags.NewKeyring))
            return true;
        Text name = PayloadPlan.Plan.Keyring;
        long result = Sys.keyctl(KEYCTL_JOIN_SESSION_KEYRING, name.IsEmpty ? 0 : (long)name.At);
        return result >= 0 || result == -ENOSYS || Failure.Call("keyctl(JOIN_SESSION_KEYRING)"u8, name, result);
    }

    /// <summary>
    /// The caller's limits, then the configured ones, whose hard limits were raised from outside (<see cref="LimitTable.Raise"/>). After the change
    /// of ids and while capabilities are still effective: a small number of descriptors or of address space must not end the set-up.
    /// </summary>
    public static bool SetRlimits()
    {
        Words words = PayloadPlan.Plan.Rlimits;
        return CallerLimits.Restore(LimitTable.Resources(words)) && LimitTable.Set(words);
    }
}
