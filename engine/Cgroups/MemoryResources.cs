using Engine.Spec;

namespace Engine.Cgroups;

/// <summary>linux.resources.memory to the memory controller. In the config swap is memory and swap together, as on v1; v2 counts swap alone.</summary>
internal static class MemoryResources
{
    private const string SwapAdvice = "swap accounting must be on (kernel parameter swapaccount=1)";

    /// <summary>Adds the writes.</summary>
    public static void Plan(ResourceContext c, MemorySpec memory)
    {
        var limit = Amount(c, memory.Limit, "memory.limit");
        var swap = Amount(c, memory.Swap, "memory.swap");
        var reservation = Amount(c, memory.Reservation, "memory.reservation");
        // As v1 would refuse it otherwise: without a memory limit there is none for the sum either.
        if (limit == -1 && swap is null)
            swap = -1;
        if (limit > 0 && swap > 0 && swap < limit)
            throw c.Refuse("memory.swap", $"{swap} is less than memory.limit {limit}", "it counts memory and swap together");
        RefuseWhatNoKernelHas(c, memory);
        if (limit is not null || swap is not null)
        {
            var slot = c.Require("memory", limit is not null ? "memory.limit" : "memory.swap");
            if (slot.Version == CgroupVersion.V1)
                PlanV1Limits(c, slot, limit, swap);
            else
                PlanV2Limits(c, slot, limit, swap, memory.CheckBeforeUpdate == true);
        }
        if (reservation is not null)
            PlanReservation(c, reservation.Value);
        PlanV1Only(c, memory);
    }

    private static long? Amount(ResourceContext c, long? amount, string member)
    {
        if (amount < -1)
            throw c.Refuse(member, $"{amount} is neither an amount nor -1 for no limit");
        return c.IsSet(amount, member) ? amount : null;
    }

    /// <summary>The limit may not pass the limit of the sum at any moment: what is raised beyond the other's present value goes second.</summary>
    private static void PlanV1Limits(ResourceContext c, CgroupSlot slot, long? limit, long? swap)
    {
        const string limitFile = "memory.limit_in_bytes", sumFile = "memory.memsw.limit_in_bytes";
        var sumNow = c.CurrentLimit(slot, sumFile, null);
        var limitNow = c.CurrentLimit(slot, limitFile, null);
        var beyondSum = limit is not null && sumNow is not null && (limit == -1 || limit > sumNow);
        if (beyondSum && swap is null)
            throw c.Refuse("memory.limit", $"{limit} is more than the present limit {sumNow} of memory and swap together", $"give {c.Json("memory.swap")} as well");
        if (limit is null && swap > 0 && (limitNow is null || swap < limitNow))
            throw c.Refuse("memory.swap", $"{swap} is less than the present memory limit {limitNow?.ToString() ?? "(none)"}", $"give {c.Json("memory.limit")} as well");
        if (beyondSum)
            WriteSum();
        if (limit is not null)
            c.Write(slot, limitFile, $"{limit}", "memory.limit", advice: "a limit below what is in use can be set only if enough can be reclaimed");
        if (!beyondSum)
            WriteSum();

        void WriteSum()
        {
            if (swap is not null)
                c.Write(slot, sumFile, $"{swap}", "memory.swap", optional: swap == -1, SwapAdvice);
        }
    }

    private static void PlanV2Limits(ResourceContext c, CgroupSlot slot, long? limit, long? swap, bool checkUse)
    {
        if (checkUse && limit > 0 && c.CurrentLimit(slot, "memory.current", null) is { } used && limit < used)
            throw c.Refuse("memory.limit", $"{limit} is less than the {used} bytes in use, and memory.checkBeforeUpdate asks to refuse that");
        if (swap is not null)
        {
            var max = SwapMax(c, slot, limit, swap.Value);
            // A kernel without swap accounting swaps nothing that it would have to count.
            c.Write(slot, "memory.swap.max", Text(max), "memory.swap", optional: max is -1 or 0, SwapAdvice);
        }
        if (limit is not null)
            c.Write(slot, "memory.max", Text(limit.Value), "memory.limit");
    }

    private static long SwapMax(ResourceContext c, CgroupSlot slot, long? limit, long swap)
    {
        if (swap == -1 || limit == -1)
            return swap;
        var memory = limit ?? c.CurrentLimit(slot, "memory.max", null)
            ?? throw c.Refuse("memory.swap", "cgroup v2 cannot limit the sum of memory and swap without a memory limit", $"give {c.Json("memory.limit")} as well");
        if (swap < memory)
            throw c.Refuse("memory.swap", $"{swap} is less than the present memory limit {memory}", "it counts memory and swap together");
        return swap - memory;
    }

    private static void PlanReservation(ResourceContext c, long reservation)
    {
        var slot = c.Require("memory", "memory.reservation");
        if (slot.Version == CgroupVersion.V1)
            c.Write(slot, "memory.soft_limit_in_bytes", $"{reservation}", "memory.reservation");
        else
            c.Write(slot, "memory.low", Text(reservation), "memory.reservation");
    }

    private static void RefuseWhatNoKernelHas(ResourceContext c, MemorySpec memory)
    {
        // Kernels take a write to memory.kmem.limit_in_bytes and ignore it, so it cannot be tried.
        if (memory.Kernel > 0)
            throw c.Refuse("memory.kernel", "the kernel has no separate limit for its own memory any more", "remove it: memory.limit counts kernel memory as well");
        // Since 5.11 accounting is hierarchical always.
        if (memory.UseHierarchy == false)
            throw c.Refuse("memory.useHierarchy", "the kernel cannot account memory without the hierarchy any more", "remove it");
    }

    private static void PlanV1Only(ResourceContext c, MemorySpec memory)
    {
        if (memory.Swappiness > 100)
            throw c.Refuse("memory.swappiness", $"{memory.Swappiness} is not within 0 to 100");
        if (memory.KernelTcp is > 0 and var tcp)
            c.Write(V1(c, "memory.kernelTCP", "limit for TCP buffers"), "memory.kmem.tcp.limit_in_bytes", $"{tcp}", "memory.kernelTCP");
        else if (memory.KernelTcp == -1 && c.OnV1("memory") is { } slot)
            c.Write(slot, "memory.kmem.tcp.limit_in_bytes", "-1", "memory.kernelTCP", optional: true);
        if (memory.Swappiness is { } swappiness)
            c.Write(V1(c, "memory.swappiness", "swappiness of one cgroup"), "memory.swappiness", $"{swappiness}", "memory.swappiness");
        if (memory.DisableOomKiller == true)
            c.Write(V1(c, "memory.disableOOMKiller", "switch for the OOM killer"), "memory.oom_control", "1", "memory.disableOOMKiller");
        else if (memory.DisableOomKiller == false && c.OnV1("memory") is { } slot)
            c.Write(slot, "memory.oom_control", "0", "memory.disableOOMKiller", optional: true);
    }

    private static CgroupSlot V1(ResourceContext c, string member, string what)
    {
        var slot = c.Require("memory", member);
        return slot.Version == CgroupVersion.V1 ? slot : throw c.NotOnV2(member, what);
    }

    private static string Text(long amount) => amount == -1 ? "max" : amount.ToString();
}
