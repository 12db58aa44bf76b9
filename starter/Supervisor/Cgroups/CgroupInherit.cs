using Engine.Shared.Wire;

namespace Engine.Starter.Supervisor.Cgroups;

/// <summary>
/// What a new directory must take from the one above before it can hold anything. The master plans these writes, too, but
/// from a view of the tree that another container's end may have changed: its plan is then short of a parent that is made anew.
/// </summary>
internal static unsafe class CgroupInherit
{
    private const int ValueBytes = 4096;

    /// <summary>
    /// Fills what is empty. <paramref name="last"/>: processes will be in it, so it may enable no controllers for children.
    /// Failures show later, when a process is to be put in or a limit written.
    /// </summary>
    public static void Fill(int parent, int directory, bool unified, bool last)
    {
        if (!unified)
        {
            Value(parent, directory, "cpuset.cpus"u8);
            Value(parent, directory, "cpuset.mems"u8);
        }
        else if (!last)
        {
            Controllers(directory);
        }
    }

    private static void Value(int parent, int directory, ReadOnlySpan<byte> name)
    {
        byte* buffer = stackalloc byte[ValueBytes];

        // An empty value reads as a newline alone; no file at all is another controller's directory.
        if (ControlFile.Read(directory, name, buffer, ValueBytes) != 1)
            return;
        long length = ControlFile.Read(parent, name, buffer, ValueBytes);
        if (length > 1)
            ControlFile.Write(directory, CString.Of(name), new Text(buffer, (int)length));
    }

    // "cpu memory" becomes "+cpu +memory".
    private static void Controllers(int directory)
    {
        byte* buffer = stackalloc byte[ValueBytes];
        byte* enabling = stackalloc byte[ValueBytes];
        long length = ControlFile.Read(directory, "cgroup.controllers"u8, buffer, ValueBytes);
        TextBuilder text = new TextBuilder(enabling, ValueBytes);
        bool begins = true;
        for (long i = 0; i < length; i++)
        {
            bool separates = buffer[i] <= ' ';
            if (begins && !separates)
                text.Append((byte)'+');
            text.Append(separates ? (byte)' ' : buffer[i]);
            begins = separates;
        }

        if (text.Length > 1 && !text.Overflowed)
            ControlFile.Write(directory, CString.Of("cgroup.subtree_control"u8), new Text(text.Text, text.Length));
    }
}
