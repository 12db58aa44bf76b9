using System.CommandLine;
using System.Text;
using System.Text.Json;
using Engine.Diagnostics;
using Engine.Doctor;

namespace Engine.Cli;

/// <summary><c>engine doctor</c>: which workflows this machine offers to this user. Exit code 0 when one of them works.</summary>
public static class DoctorCommand
{
    /// <summary>Options and action.</summary>
    public static Command Build()
    {
        var json = Options.Switch("--json", null, "print JSON");
        var command = new Command("doctor", "which workflows this machine offers to you, and what the others need") { json };
        command.SetAction(parsed =>
        {
            Doctor.Report report = Examination.Run();
            Console.Out.Write(parsed.GetValue(json) ? Json(report) : Text(report));
            return report.Workflows.Any(offer => offer.Works) ? 0 : ExitCode.Failure;
        });
        return command;
    }

    private static string Text(Doctor.Report report)
    {
        var text = new StringBuilder();
        foreach (Offer offer in report.Workflows)
        {
            text.Append($"{(offer.Works ? "yes" : "no "),-4}{offer.Name,-9} {offer.Why}\n");
        }

        text.Append('\n');
        int width = report.Checks.Max(check => check.Name.Length);
        foreach (Check check in report.Checks)
        {
            text.Append($"{(check.IsMet ? "ok" : "--"),-4}{check.Workflow,-9} {check.Name.PadRight(width)}  {check.Found}\n");
            if (check.Advice is not null)
            {
                text.Append($"{"",-14}{new string(' ', width)}  {check.Advice}\n");
            }
        }

        return text.ToString();
    }

    private static string Json(Doctor.Report report)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartObject("workflows");
            foreach (Offer offer in report.Workflows)
            {
                json.WriteStartObject(offer.Name);
                json.WriteBoolean("works", offer.Works);
                json.WriteString("why", offer.Why);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteStartArray("checks");
            foreach (Check check in report.Checks)
            {
                json.WriteStartObject();
                json.WriteString("workflow", check.Workflow);
                json.WriteString("name", check.Name);
                json.WriteBoolean("met", check.IsMet);
                json.WriteString("found", check.Found);
                if (check.Advice is not null)
                {
                    json.WriteString("advice", check.Advice);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }
}
