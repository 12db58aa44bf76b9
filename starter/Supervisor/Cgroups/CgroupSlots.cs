using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor.Cgroups;

/// <summary>One open cgroup directory.</summary>
internal struct CgroupSlot
{
    /// <summary>O_RDONLY | O_DIRECTORY; 0 when the slot is empty.</summary>
    public int Directory;

    /// <summary>The device program attached by us; 0 for none.</summary>
    public int Program;

    public CgroupFlags Flags;

    /// <summary>The directory was made by this supervisor: it is the container's alone, may be emptied and is removed.</summary>
    public bool Own;
}

/// <summary>The container's cgroup directories by the numbers that the master gave them.</summary>
internal static unsafe class CgroupSlots
{
    [System.Runtime.CompilerServices.InlineArray(Limits.CgroupSlots)]
    private struct Table
    {
        private CgroupSlot _first;
    }

    // How long another supervisor takes between two system calls, on a machine that has other things to do: 20 ms.
    private const int Attempts = 20;
    private const long Pause = 1_000_000;

    private static Table s_slots;

    /// <summary>How many slots there are; empty ones have no Directory.</summary>
    public const int Count = Limits.CgroupSlots;

    /// <summary>The slot of that number, which is below <see cref="Count"/>.</summary>
    public static ref CgroupSlot At(int index)
    {
        fixed (Table* table = &s_slots)
            return ref ((CgroupSlot*)table)[index];
    }

    /// <summary>OpenCgroup.</summary>
    public static bool Open(ref OpenCgroup request)
    {
        if (request.Slot >= Count)
            return Failure.Refuse("OpenCgroup"u8, request.Path, "no such slot"u8);

        CgroupFlags flags = (CgroupFlags)request.Flags;
        CgroupSlot opened = default;
        opened.Flags = flags;
        opened.Directory = CgroupWalk.Open(ref request, out opened.Own);
        if (opened.Directory < 0)
            return false;
        // A group of resctrl is no place to look for processes: it is removed with what is in it.
        opened.Own &= (flags & CgroupFlags.Resctrl) == 0;

        if ((flags & CgroupFlags.Exclusive) != 0 && !opened.Own && IsPopulated(opened.Directory, flags))
        {
            Sys.close(opened.Directory);
            return Failure.Call("OpenCgroup"u8, request.Path, EEXIST) || Failure.Explain(
                "the cgroup exists and has processes; give the container another linux.cgroupsPath"u8);
        }

        ref CgroupSlot slot = ref At((int)request.Slot);
        if (slot.Directory > 0)
            Sys.close(slot.Directory);
        if (slot.Program > 0)
            Sys.close(slot.Program);
        slot = opened;
        return true;
    }

    /// <summary>WriteCgroup.</summary>
    public static bool Write(ref WriteCgroup request)
    {
        if (!Get(request.Slot, out CgroupSlot slot))
            return false;
        if (!Stages.LaunchRecord.IsLeaf(request.File))
            return Failure.Refuse("WriteCgroup"u8, request.File, "not one path component"u8);

        // v2: another supervisor has made the directory above just now, and not yet enabled its controllers.
        int attempts = request.Optional || (slot.Flags & CgroupFlags.Unified) == 0 ? 1 : Attempts;
        long result;
        while ((result = ControlFile.Write(slot.Directory, request.File.At, request.Value)) == -ENOENT && --attempts > 0)
            Sys.Sleep(Pause);
        // ENODEV: the directory went between the open and the write.
        if (result == 0 || (request.Optional && (result == -ENOENT || result == -ENODEV)))
            return true;
        Failure.Call("write"u8, request.File, result);
        return Failure.Explain(request.Value);
    }

    /// <summary>The slot of that number, which must be open.</summary>
    public static bool Get(uint index, out CgroupSlot slot)
    {
        slot = index < Count ? At((int)index) : default;
        return slot.Directory > 0 || Failure.Refuse("cgroup"u8, "the slot is not open"u8);
    }

    /// <summary>The first slot with all of <paramref name="flags"/>; false leaves no failure.</summary>
    public static bool Find(CgroupFlags flags, out CgroupSlot slot)
    {
        for (int i = 0; i < Count; i++)
        {
            slot = At(i);
            if (slot.Directory > 0 && (slot.Flags & flags) == flags)
                return true;
        }

        slot = default;
        return false;
    }

    // v2 counts the cgroups below, too.
    private static bool IsPopulated(int directory, CgroupFlags flags)
    {
        if ((flags & CgroupFlags.Unified) != 0)
            return ControlFile.ReadKey(directory, "cgroup.events"u8, "populated"u8, out ulong populated) && populated != 0;
        byte* buffer = stackalloc byte[16];
        return ControlFile.Read(directory, "cgroup.procs"u8, buffer, 16) > 0;
    }
}
