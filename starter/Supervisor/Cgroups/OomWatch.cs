using Engine.Shared.Protocol;

namespace Engine.Starter.Supervisor.Cgroups;

/// <summary>Whether the kernel's out-of-memory killer hit the container: told while it runs, and asked once more at its end.</summary>
internal static unsafe class OomWatch
{
    private static int s_event, s_control;
    private static ulong s_before;

    /// <summary>Begins to watch the slot marked Memory. Without one, or on a kernel that does not tell, only the count at the end is left.</summary>
    public static void Begin()
    {
        if (!CgroupSlots.Find(CgroupFlags.Memory, out CgroupSlot slot))
            return;

        s_before = Count(ref slot);
        if ((slot.Flags & CgroupFlags.Unified) != 0)
        {
            int events = ControlFile.Open(slot.Directory, CString.Of("memory.events"u8), O_RDONLY);
            s_event = events > 0 ? events : 0;
            return;
        }

        s_control = ControlFile.Open(slot.Directory, CString.Of("memory.oom_control"u8), O_RDONLY);
        int counter = Sys.eventfd2(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (s_control < 0 || counter < 0)
            return;

        byte* buffer = stackalloc byte[64];
        TextBuilder text = new TextBuilder(buffer, 64);
        text.AppendDecimal(counter);
        text.Append((byte)' ');
        text.AppendDecimal(s_control);
        long result = ControlFile.Write(
            slot.Directory, CString.Of("cgroup.event_control"u8), new Engine.Shared.Wire.Text(text.Text, text.Length));
        if (result == 0)
            s_event = counter;
        else
            Sys.close(counter);
    }

    /// <summary>What to poll: a descriptor, or -1, and the events that mean "look".</summary>
    public static int Descriptor => s_event > 0 ? s_event : -1;

    /// <summary>Both kinds: POLLPRI from memory.events, POLLIN from the eventfd of v1.</summary>
    public static short Events => s_control > 0 ? (short)POLLIN : (short)POLLPRI;

    /// <summary>Looks. True when a kill is counted that was not when the watch began.</summary>
    public static bool Look()
    {
        if (s_event > 0)
        {
            // Either arms the next event.
            byte* buffer = stackalloc byte[256];
            if (s_control > 0)
                Sys.read(s_event, buffer, 8);
            else
                Sys.pread(s_event, buffer, 256, 0);
        }

        return CgroupSlots.Find(CgroupFlags.Memory, out CgroupSlot slot) && Count(ref slot) > s_before;
    }

    /// <summary>Ends the watch, before the directory goes.</summary>
    public static void End()
    {
        if (s_event > 0)
            Sys.close(s_event);
        if (s_control > 0)
            Sys.close(s_control);
        s_event = 0;
        s_control = 0;
    }

    private static ulong Count(ref CgroupSlot slot)
    {
        bool unified = (slot.Flags & CgroupFlags.Unified) != 0;
        ControlFile.ReadKey(slot.Directory, unified ? "memory.events"u8 : "memory.oom_control"u8, "oom_kill"u8, out ulong count);
        return count;
    }
}
