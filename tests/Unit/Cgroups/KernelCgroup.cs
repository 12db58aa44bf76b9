using System.Diagnostics;
using Engine.Cgroups;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Tests.Unit.Cgroups;

/// <summary>
/// A cgroup of this test on this machine, made by carrying out a plan as the supervisor does; removed again with everything in it.
/// </summary>
internal sealed class KernelCgroup : IDisposable
{
    private static int _count;

    private readonly List<Process> _processes = [];

    public KernelCgroup(ResourcesSpec? resources = null, string suffix = "")
    {
        var path = $"/engine-test-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}{suffix}";
        Plan = CgroupPlan.Create(new LinuxSpec { CgroupsPath = path, Resources = resources }, "unused", CgroupLayout.Read());
        try
        {
            Run(Plan);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public CgroupPlan Plan { get; }

    public IReadOnlyList<CgroupSlot> Slots => Plan.Slots;

    public CgroupSlot? With(string controller) => Slots.FirstOrDefault(s => s.Controllers.Contains(controller));

    public string Read(string controller, string file) => File.ReadAllText(With(controller)!.Directory + "/" + file).Trim();

    /// <summary>Carries out the steps, and what is to be verified after them.</summary>
    public static void Run(CgroupPlan plan)
    {
        var open = plan.Slots.ToDictionary(s => s.Slot, s => s.Directory);
        foreach (var step in plan.Steps)
        {
            switch (step)
            {
                case OpenCgroupStep o:
                    open[o.Slot] = o.Mountpoint + o.Path.TrimEnd('/');
                    if (o.Flags.HasFlag(CgroupFlags.Create))
                        Directory.CreateDirectory(open[o.Slot]);
                    break;
                case WriteCgroupStep w:
                    Assert.Equal(w.Directory, open[w.Slot]);
                    Write(open[w.Slot] + "/" + w.File, w);
                    break;
                case DeviceProgramStep d:
                    DeviceFilter.Attach(open[d.Slot], d.Program);
                    break;
            }
        }
        foreach (var check in plan.Checks)
            check.Verify();
    }

    /// <summary>Starts a shell script that begins only when it is in the cgroup.</summary>
    public Process Start(string script)
    {
        var process = Process.Start(new ProcessStartInfo("/bin/sh")
        {
            ArgumentList = { "-c", "read go; " + script },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _processes.Add(process);
        foreach (var slot in Slots)
            File.WriteAllText(slot.Directory + "/cgroup.procs", process.Id.ToString());
        process.StandardInput.WriteLine("go");
        return process;
    }

    /// <summary>Runs a script in the cgroup to its end; what it wrote to both outputs.</summary>
    public string Output(string script)
    {
        var process = Start("exec 2>&1; " + script);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }

    public void Dispose()
    {
        CgroupRemoval.Remove([.. Slots.Select(s => s with { Path = "/" + s.Path.Split('/')[1] })]);
        foreach (var process in _processes)
        {
            process.WaitForExit();
            process.Dispose();
        }
    }

    private static void Write(string path, WriteCgroupStep step)
    {
        if (step.Optional && !File.Exists(path))
            return;
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(step.Value));
        }
        catch (IOException e)
        {
            throw new IOException(step.Explain(e.Message), e);
        }
    }
}
