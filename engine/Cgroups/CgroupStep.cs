using Engine.Shared.Protocol;

namespace Engine.Cgroups;

/// <summary>
/// One cgroup directory the container is in. Part of the saved state: what update, stats, exec and delete work on.
/// </summary>
/// <param name="Slot">Number of the descriptor that the supervisor keeps for it.</param>
/// <param name="Version">v1 or v2.</param>
/// <param name="Mountpoint">Where the hierarchy is mounted.</param>
/// <param name="Path">Cgroup below the mountpoint; starts with "/".</param>
/// <param name="Controllers">Controllers to be found there; empty for a named or bare hierarchy.</param>
public sealed record CgroupSlot(int Slot, CgroupVersion Version, string Mountpoint, string Path, IReadOnlyList<string> Controllers)
{
    /// <summary>Absolute path of the directory.</summary>
    public string Directory => CgroupFiles.Join(Mountpoint, Path);
}

/// <summary>One request to the supervisor. Steps are data: built without side effects, printable, carried out in order.</summary>
/// <param name="Slot">Descriptor the step works on.</param>
public abstract record CgroupStep(int Slot);

/// <summary>
/// OpenCgroup. A slot may be opened more than once: first on ancestors that need a value written, last on the container's
/// own directory (the one with <see cref="CgroupFlags.Attach"/>); the later one takes the place of the earlier.
/// </summary>
public sealed record OpenCgroupStep(int Slot, string Mountpoint, string Path, CgroupFlags Flags) : CgroupStep(Slot)
{
    public override string ToString() => $"open cgroup {Slot}: {CgroupFiles.Join(Mountpoint, Path)} ({Flags})";
}

/// <summary>WriteCgroup.</summary>
/// <param name="Slot">Descriptor of the directory.</param>
/// <param name="Directory">Its path, for texts.</param>
/// <param name="File">One component.</param>
/// <param name="Value">Without a newline at the end.</param>
/// <param name="Optional">A missing file is no error: what is asked for holds without it, or <see cref="CgroupCheck"/> looks at it.</param>
/// <param name="JsonPath">What in the config asks for it; null for what the engine itself needs.</param>
/// <param name="Advice">What to do if the kernel refuses, or null.</param>
public sealed record WriteCgroupStep(int Slot, string Directory, string File, string Value, bool Optional, string? JsonPath, string? Advice)
    : CgroupStep(Slot)
{
    public override string ToString() => $"write cgroup {Slot}: {Directory}/{File} = {Value}{(Optional ? " (if there)" : "")}";

    /// <summary>The line for a person when the kernel refused this write with an error of that name.</summary>
    public string Explain(string errno) =>
        $"{(JsonPath is null ? "" : JsonPath + ": ")}write {Value} to {Directory}/{File}: {errno}{(Advice is null ? "" : "; " + Advice)}";
}

/// <summary>SetCgroupDevices.</summary>
/// <param name="Slot">A cgroup2 directory.</param>
/// <param name="Program">struct bpf_insn[] from <see cref="DeviceProgram"/>.</param>
public sealed record DeviceProgramStep(int Slot, byte[] Program) : CgroupStep(Slot)
{
    public override string ToString() => $"device program {Slot}: {Program.Length / 8} instructions";
}

/// <summary>
/// Some settings have other file names on other kernels. Their writes are optional; once the steps are done, at least one
/// of the files must be there, or the setting was not honoured.
/// </summary>
/// <param name="Files">Absolute paths.</param>
/// <param name="JsonPath">What in the config asked for it.</param>
/// <param name="Advice">What to do about it.</param>
public sealed record CgroupCheck(IReadOnlyList<string> Files, string JsonPath, string Advice)
{
    /// <summary>Looks at the files; any uid may.</summary>
    /// <exception cref="CgroupException">None is there.</exception>
    public void Verify()
    {
        if (!Files.Any(File.Exists))
            throw new CgroupException($"{JsonPath}: the kernel has none of {string.Join(", ", Files)}", Advice);
    }
}
