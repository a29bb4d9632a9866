package com.example;

import software.amazon.awscdk.DefaultStackSynthesizer;
import software.amazon.awscdk.Environment;
import software.amazon.awscdk.LegacyStackSynthesizer;
import software.amazon.awscdk.NestedStack;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.Stage;
import software.amazon.awscdk.services.ecr.Repository;
import software.amazon.awscdk.services.ecs.FargateTaskDefinition;
import software.constructs.Construct;

/** The app of tests/any_language in Java. */
public final class App {
    private static final Environment ENV =
        Environment.builder().account("123456789012").region("eu-west-1").build();

    public static void main(final String[] arguments) {
        software.amazon.awscdk.App app = new software.amazon.awscdk.App();
        Stack base = stack(app, "Base").build();
        Web.fill(stack(app, "Web").build(), repositoryIn(base));

        Stage stage = Stage.Builder.create(app, "Production").env(ENV).build();
        Stack inStage = Stack.Builder.create(stage, "Base").build();
        Stack web = Stack.Builder.create(stage, "Web")
            .synthesizer(DefaultStackSynthesizer.Builder.create()
                .qualifier("custom").bucketPrefix("folder/").build())
            .build();
        Web.fill(web, repositoryIn(inStage));

        Stack legacy = stack(app, "Legacy").synthesizer(new LegacyStackSynthesizer()).build();
        NestedStack nested = NestedStack.Builder.create(legacy, "Nested").build();
        Web.add(FargateTaskDefinition.Builder.create(nested, "Task").build(),
            "jobs", "ghcr.io/org/jobs:2");

        stack(app, "Empty").description("It has no images, and stays as it is.").build();
        app.synth();
    }

    private static Stack.Builder stack(final Construct scope, final String id) {
        return Stack.Builder.create(scope, id).env(ENV);
    }

    private static Repository repositoryIn(final Stack stack) {
        return Repository.Builder.create(stack, "Repository").repositoryName("org/web").build();
    }
}
