global using Engine.Tests.Security.Runner;
global using Engine.Tests.Security.Support;
